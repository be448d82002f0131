"""``GET /operator/v1/whoami``: whose key this is."""

from typing import Annotated

from fastapi import APIRouter

from tidegate.http.operators import PREFIX, Operator, Role, dependency
from tidegate.http.schema import Closed


class WhoBody(Closed):
    """Answer of ``GET /operator/v1/whoami``."""

    name: str
    role: Role


def whoami() -> APIRouter:
    """The route by which a holder of a key finds out what it is good for."""
    routes = APIRouter(prefix=PREFIX, tags=["operators"])

    @routes.get("/whoami", summary="Name and role of the key's holder")
    async def whoami(acting: Annotated[Operator, dependency(Role.VIEWER)]) -> WhoBody:
        return WhoBody(name=acting.name, role=acting.role)

    return routes
