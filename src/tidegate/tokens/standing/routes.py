"""The operator's routes to revocations and bans."""

import contextlib
from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Query

from tidegate.clock import Clock, seconds_of
from tidegate.errors import Reason, Refusal
from tidegate.http.operators import PREFIX, Operator, Role, dependency
from tidegate.store import StoreUnavailable
from tidegate.tokens.standing.model import CutRecord, UserStanding
from tidegate.tokens.standing.present import (
    BanBody,
    CutBody,
    RevocationsBody,
    RevokeBody,
    StandingBody,
    StandingsBody,
    changed_body,
    cut_body,
    standing_body,
)
from tidegate.tokens.standing.service import StandingFull, StandingRefused, StandingService

PAGE_MOST: Final = 500
RETRY_SECONDS: Final = 5

Acting = Annotated[Operator, dependency(Role.OPERATOR)]
Looking = Annotated[Operator, dependency(Role.VIEWER)]


def standing_routes(service: StandingService, clock: Clock) -> list[APIRouter]:
    """The routes.

    Args:
        service: does it.
        clock: for what is banned now.
    """
    return [_revocations(service, clock), _bans(service, clock), _standings(service, clock)]


def _revocations(service: StandingService, clock: Clock) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["standing"])

    @routes.post("/revocations", summary="End tokens and sessions: a user's, those of a span, or everybody's")
    async def revoke(asked: RevokeBody, acting: Acting) -> StandingBody | CutBody:
        with translated():
            done = await _revoked(service, asked, acting.name)
        return cut_body(done) if isinstance(done, CutRecord) else changed_body(done, clock.now())

    @routes.get("/revocations", summary="The revocations for everybody that are remembered")
    async def revocations(_acting: Looking) -> RevocationsBody:
        with translated():
            records, pending = await service.cuts()
        bodies = [cut_body(record) for record in records]
        return RevocationsBody(revocations=bodies, stream="pending" if pending else "told")

    return routes


def _bans(service: StandingService, clock: Clock) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["standing"])

    @routes.post("/bans", summary="Refuse a user tokens, and end those that are out")
    async def ban(asked: BanBody, acting: Acting) -> StandingBody:
        with translated():
            until = None if asked.until is None else _moment(asked.until)
            done = await service.ban(asked.user, acting.name, until=until, note=asked.reason)
        return changed_body(done, clock.now())

    @routes.delete("/bans/{user}", summary="Lift a ban, and a deactivation that came with it")
    async def unban(user: str, acting: Acting) -> StandingBody:
        with translated():
            done = await service.unban(user, acting.name)
        return changed_body(done, clock.now())

    return routes


def _standings(service: StandingService, clock: Clock) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["standing"])

    @routes.get("/standing", summary="Users with a revocation or a ban")
    async def standings(
        _acting: Looking,
        after: Annotated[str, Query(max_length=255, description="The last id that is known.")] = "",
        limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = 100,
        *,
        pending: Annotated[bool, Query(description="Only those of whom Stream is still to be told.")] = False,
    ) -> StandingsBody:
        with translated():
            found = await service.listed(after, limit + 1, pending=pending)
        now = clock.now()
        last = found[limit - 1].standing.user_id if len(found) > limit else None
        return StandingsBody(users=[standing_body(entry, now) for entry in found[:limit]], next=last)

    @routes.get("/standing/{user}", summary="How a user stands")
    async def standing(user: str, _acting: Looking) -> StandingBody:
        with translated():
            return standing_body(await service.of(user), clock.now())

    return routes


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what stands in the way of a change into a refusal of the closed table.

    Raises:
        Refusal: ``request_invalid``, ``standing_full`` or ``store_unavailable``.
    """
    try:
        yield
    except StandingRefused as error:
        raise Refusal(Reason.REQUEST_INVALID, f"{error}; nothing was changed.") from None
    except StandingFull as error:
        raise Refusal(Reason.STANDING_FULL, f"{error}; nothing was changed.") from None
    except StoreUnavailable:
        raise Refusal(
            Reason.STORE_UNAVAILABLE,
            "The database cannot be used at this moment, so nothing was changed or can be said.",
            retry_after=RETRY_SECONDS,
        ) from None


async def _revoked(service: StandingService, asked: RevokeBody, by: str) -> UserStanding | CutRecord:
    wanted = [value for value in (asked.user, asked.issued_between, asked.all) if value is not None]
    if len(wanted) != 1:
        raise StandingRefused("name exactly one of user, issued_between and all")
    if asked.user is not None:
        return await service.revoke(asked.user, by)
    if asked.issued_between is not None:
        first, last = asked.issued_between
        return await service.revoke_between(_moment(first), _moment(last), by)
    return await service.revoke_all(by)


def _moment(stamp: str) -> float:
    try:
        return seconds_of(stamp)
    except ValueError:
        raise StandingRefused("a time must be written as RFC 3339 does, for instance 2026-03-01T12:00:00Z") from None
