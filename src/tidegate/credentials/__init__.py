"""The app's keys and secrets at Stream, their generations, and what is signed with them."""

from tidegate.credentials.generation import Access, Credentials, Generation, Pair
from tidegate.credentials.signer import Signer

__all__ = ["Access", "Credentials", "Generation", "Pair", "Signer"]
