"""Every test here runs in real repositories that no setting of the machine reaches."""

from tests.repositories import _nobodys_configuration

__all__ = ["_nobodys_configuration"]
