"""The app's key and secret at Stream, and what is signed with them."""

from tidegate.credentials.model import Credentials
from tidegate.credentials.signer import Signer

__all__ = ["Credentials", "Signer"]
