"""Webhooks of an identity provider as tests send them, and the secrets that they are signed with."""

import base64
import hashlib
import hmac
import time

from pydantic import SecretStr

KEY = b"k" * 32
OLD = b"o" * 32
PATH = "/webhooks/identity/sandbox"


def secret(key, issuer="sandbox"):
    return SecretStr(f"{issuer}:whsec_{base64.b64encode(key).decode()}")


SECRETS = (secret(KEY), secret(OLD))


def headers_for(body, name, key=KEY, at=None):
    """The headers that sign a body."""
    at = str(int(time.time() if at is None else at))
    signature = base64.b64encode(hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
    return {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}


def event(kind, **data):
    """The body; the sandbox's issuer has the rules of Clerk."""
    return {"type": kind, "data": data}
