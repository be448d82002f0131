"""The operator's route to the ledger: where this replica's chain stands."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from tidegate.errors import Reason, Refusal
from tidegate.http.operators import PREFIX, Operator, Role, dependency
from tidegate.http.schema import Closed
from tidegate.tokens.ledger.service import Records

_RETRY_SECONDS = 1


class LedgerHeadBody(Closed):
    """Answer of ``GET /operator/v1/ledger/head``: a checkpoint, to be kept elsewhere."""

    chain: str = Field(description="The chain that this replica writes.")
    n: int = Field(description="Number of its last durable entry.")
    mac: str = Field(description="Seal of that entry, which binds everything before it.")


def ledger_routes(records: Records) -> APIRouter:
    """The route.

    Args:
        records: the ledger.
    """
    routes = APIRouter(prefix=f"{PREFIX}/ledger", tags=["ledger"])

    @routes.get("/head", summary="Where this replica's chain of the ledger stands")
    async def head(_acting: Annotated[Operator, dependency(Role.VIEWER)]) -> LedgerHeadBody:
        if not records.on:
            raise Refusal(Reason.NOT_FOUND, "There is no ledger here: TIDEGATE_LEDGER is off.")
        found = records.head
        if found is None:
            raise Refusal(
                Reason.LEDGER_UNAVAILABLE,
                "The ledger is not open yet, or cannot be written; the log says which.",
                retry_after=_RETRY_SECONDS,
            )
        return LedgerHeadBody(chain=found.chain, n=found.n, mac=found.mac.hex())

    return routes
