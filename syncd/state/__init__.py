"""What Git and an environment last agreed on, what was rescued, and what history says where nothing is known."""

from syncd.state.base import Base, BaseRef, Deployment
from syncd.state.infer import infer
from syncd.state.rescue import Lost, RescueEntry, RescueRef
from syncd.state.server import ServerIdentity

__all__ = ["Base", "BaseRef", "Deployment", "Lost", "RescueEntry", "RescueRef", "ServerIdentity", "infer"]
