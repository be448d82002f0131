"""The operator's routes to issuers: how their keys are, and refusing one of them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter

from tidegate.errors import Reason, Refusal
from tidegate.http.operators import PREFIX, Operator, Role, dependency
from tidegate.identity.distrust.service import KeyDistrust
from tidegate.identity.present import DistrustBody, DistrustedBody, IssuersBody, issuer_body
from tidegate.identity.service import Issuer


def operator_routes(issuers: Sequence[Issuer], distrust: KeyDistrust) -> APIRouter:
    """The routes.

    Args:
        issuers: configured, with their keys.
        distrust: refuses keys.
    """
    routes = APIRouter(prefix=f"{PREFIX}/issuers", tags=["issuers"])
    by_name = {issuer.policy.name: issuer for issuer in issuers}

    @routes.get("", summary="The issuers, and the state of their keys on this replica")
    async def listed(_acting: Annotated[Operator, dependency(Role.VIEWER)]) -> IssuersBody:
        return IssuersBody(issuers=[issuer_body(issuer) for issuer in issuers])

    @routes.post("/{name}/distrust", summary="Refuse a key of an issuer at once and for good")
    async def refuse(
        name: str, asked: DistrustBody, acting: Annotated[Operator, dependency(Role.OPERATOR)]
    ) -> DistrustedBody:
        issuer = by_name.get(name)
        if issuer is None:
            known = ", ".join(by_name) or "none"
            raise Refusal(Reason.NOT_FOUND, f"There is no issuer of this name; the configured ones: {known}.")
        done = await distrust.refuse(issuer, asked.kid, acting.name)
        return DistrustedBody(issuer=name, kid=asked.kid, in_use=done.in_use, kept=done.kept, shared=done.shared)

    return routes
