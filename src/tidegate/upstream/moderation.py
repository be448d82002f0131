"""The calls by which tokens and users lose their rights at Stream, and get them back."""

from urllib.parse import quote

from tidegate.clock import rfc3339
from tidegate.upstream.channels import Calling
from tidegate.upstream.model import Operation


class Moderation:
    """Revoking the whole app's tokens, banning, deactivating. One user's tokens are revoked by a partial update.

    Every method raises ``UpstreamError``, any of its kinds.

    Args:
        call: of the client that this belongs to.
    """

    __slots__ = ("_call",)

    def __init__(self, call: Calling) -> None:
        self._call = call

    async def revoke_app(self, moment: int) -> None:
        """``PATCH /app``: refuse all tokens dated before a moment.

        Args:
            moment: seconds since the epoch.
        """
        await self._call(Operation.UPDATE_APP, body={"revoke_tokens_issued_before": rfc3339(moment)})

    async def ban(self, user_id: str, *, by: str, reason: str = "", minutes: int | None = None) -> None:
        """``POST /moderation/ban``: ban a user from the whole app.

        Args:
            user_id: who is banned.
            by: the user who bans; Stream wants one that exists.
            reason: a note that moderators see; empty for none.
            minutes: how long; None for ever.
        """
        body: dict[str, object] = {"target_user_id": user_id, "user_id": by}
        if reason:
            body["reason"] = reason
        if minutes is not None:
            body["timeout"] = minutes
        await self._call(Operation.BAN_USER, body=body)

    async def unban(self, user_id: str, *, by: str) -> None:
        """``DELETE /moderation/ban``: lift the ban from the whole app.

        Args:
            user_id: who was banned.
            by: the user who lifts the ban.
        """
        query = f"&target_user_id={quote(user_id, safe='')}&created_by={quote(by, safe='')}"
        await self._call(Operation.UNBAN_USER, query=query)

    async def deactivate(self, user_id: str) -> None:
        """``POST /users/{id}/deactivate``: the user cannot connect any more; messages stay.

        What Stream says of a user who is deactivated already is not established: ask first.

        Args:
            user_id: at Stream.
        """
        await self._call(Operation.DEACTIVATE_USER, body={}, parts={"id": user_id})

    async def reactivate(self, user_id: str) -> None:
        """``POST /users/{id}/reactivate``: undo a deactivation; the same holds of one who is active.

        Args:
            user_id: at Stream.
        """
        await self._call(Operation.REACTIVATE_USER, body={}, parts={"id": user_id})
