"""The exchange on the wire: one answer for each face, and the models that document them."""

from typing import Literal

import orjson
from pydantic import Field

from tidegate.clock import rfc3339
from tidegate.http.schema import Closed, Timestamp
from tidegate.tokens.model import Issued
from tidegate.upstream.model import StreamUser

ANONYMOUS = "Anonymous User"
"""What the web face calls a person without a name. It is for the app's eyes and never sent to Stream."""


class MobileToken(Closed):
    """Answer of ``POST /stream/token``."""

    token: str = Field(description="Stream user token, HS256.")
    user_id: str = Field(description="The user's id at Stream.", pattern=r"^[A-Za-z0-9@_-]{1,255}$")
    api_key: str = Field(description="The Stream API key that the token belongs to.")
    expires_at: Timestamp
    refresh_after: Timestamp
    server_time: Timestamp


class WebUser(Closed):
    """The person, from the verified claims."""

    id: str = Field(pattern=r"^[A-Za-z0-9@_-]{1,255}$")
    name: str
    image: str | None
    email: str | None


class WebToken(Closed):
    """Answer of ``POST /api/chat/token``."""

    success: Literal[True]
    token: str
    user: WebUser
    apiKey: str
    expiresAt: Timestamp
    refreshAfter: Timestamp
    timestamp: Timestamp


class WebStatusUser(Closed):
    """The user as Stream knows it."""

    id: str
    name: str | None
    image: str | None
    isOnline: bool
    lastSeen: str | None
    profileType: str | None
    accountType: str | None


class WebStatus(Closed):
    """Answer of ``GET /api/chat/token``."""

    success: Literal[True]
    user: WebStatusUser
    timestamp: Timestamp


def mobile_token(issued: Issued) -> bytes:
    """The mobile face's answer: the token, and the key that it belongs to.

    JSON by hand: base64url, user ids and time stamps need no escaping, and the key is escaped once.

    Args:
        issued: by the exchange.
    """
    minted = issued.minted
    return (
        f'{{"token":"{minted.token}","user_id":"{issued.session.user_id}","api_key":{minted.generation.quoted_key},'
        f'"expires_at":"{rfc3339(minted.expires_at)}","refresh_after":"{rfc3339(minted.refresh_after)}",'
        f'"server_time":"{rfc3339(issued.now)}"}}'
    ).encode()


def web_token(issued: Issued) -> bytes:
    """The web face's answer: the token, the key that it belongs to, and the person it is for.

    Args:
        issued: by the exchange.
    """
    minted, who = issued.minted, issued.session.who
    return orjson.dumps(
        {
            "success": True,
            "token": minted.token,
            "user": {
                "id": issued.session.user_id,
                "name": who.name or ANONYMOUS,
                "image": who.image,
                "email": who.email,
            },
            "apiKey": minted.generation.api_key,
            "expiresAt": rfc3339(minted.expires_at),
            "refreshAfter": rfc3339(minted.refresh_after),
            "timestamp": rfc3339(issued.now),
        }
    )


def web_status(user: StreamUser, now: float) -> bytes:
    """The web face's answer about a user, from Stream's own.

    Args:
        user: as Stream has it.
        now: seconds since the epoch.
    """
    return orjson.dumps(
        {
            "success": True,
            "user": {
                "id": user.id,
                "name": user.name,
                "image": user.image,
                "isOnline": user.online,
                "lastSeen": user.last_active,
                "profileType": _text(user.custom.get("profile_type")),
                "accountType": _text(user.custom.get("account_type")),
            },
            "timestamp": rfc3339(now),
        }
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
