"""The operator's routes to credentials. No secret ever comes in or goes out here."""

from typing import Annotated

import structlog
from fastapi import APIRouter

from tidegate.clock import Clock
from tidegate.credentials import present
from tidegate.credentials.present import CredentialsBody, PromoteBody, PromotedBody, RetireBody
from tidegate.credentials.ring import NotPossible, State
from tidegate.credentials.service import Rotation
from tidegate.errors import Reason, Refusal
from tidegate.http.operators import PREFIX, Operator, Role, dependency
from tidegate.store import StoreUnavailable

_log = structlog.get_logger("tidegate.operator")


def operator_routes(rotation: Rotation, clock: Clock, *, max_age_days: int) -> APIRouter:
    """The routes.

    Args:
        rotation: of this replica.
        clock: for ages.
        max_age_days: from which on a secret is too old; 0 for never.
    """
    routes = APIRouter(prefix=f"{PREFIX}/credentials", tags=["credentials"])
    operator = dependency(Role.OPERATOR)

    def body() -> CredentialsBody:
        return present.credentials_body(rotation, max_age_days, clock.now())

    @routes.get("", summary="The generations of key and secret, as this replica sees them")
    async def listed(_acting: Annotated[Operator, dependency(Role.VIEWER)]) -> CredentialsBody:
        return body()

    @routes.post("/read", summary="Read the source of credentials now, and try what is new")
    async def read(_acting: Annotated[Operator, operator]) -> CredentialsBody:
        await rotation.look()
        return body()

    @routes.post("/{name}/promote", summary="Let a verified generation sign")
    async def promote(name: str, asked: PromoteBody, acting: Annotated[Operator, operator]) -> PromotedBody:
        return await _promoted(rotation, name, asked, acting)

    @routes.post("/{name}/retire", summary="Be done with a generation")
    async def retire(name: str, asked: RetireBody, acting: Annotated[Operator, operator]) -> CredentialsBody:
        try:
            await rotation.retire(name, now=asked.now)
        except (NotPossible, StoreUnavailable) as error:
            raise _refusal(error) from error
        _log.warning("credentials_retired", generation=name, operator=acting.name)
        return body()

    return routes


async def _promoted(rotation: Rotation, name: str, asked: PromoteBody, acting: Operator) -> PromotedBody:
    before = rotation.signs()
    out = 0 if before is None else rotation.out(before.id)
    try:
        signs = await rotation.promote(name, cut_over=asked.cut_over)
    except (NotPossible, StoreUnavailable) as error:
        raise _refusal(error) from error
    _log.warning("credentials_promotion", generation=name, operator=acting.name, signs=signs)
    former = None if before is None else rotation.ring.get(before.id)
    ended = signs and former is not None and former.id != name and former.state is State.RETIRED
    return PromotedBody(
        generation=name, signs=signs, tokens_ended=out if ended else 0, drains_until=present.drains_until(former)
    )


def _refusal(error: NotPossible | StoreUnavailable) -> Refusal:
    if isinstance(error, NotPossible):
        return Refusal(Reason.NOT_POSSIBLE, f"{error}.")
    return Refusal(Reason.STORE_UNAVAILABLE, "The replicas cannot agree: the database is not available.", retry_after=5)
