"""The one door to a Kestra server; which objects to write, and whether, is decided elsewhere."""

from syncd.kestra.address import Address
from syncd.kestra.dialect import Dialect, Server
from syncd.kestra.listing import ListingCache
from syncd.kestra.naming import unholdable
from syncd.kestra.side import Kestra

__all__ = ["Address", "Dialect", "Kestra", "ListingCache", "Server", "unholdable"]
