"""The operator's routes to issuers: how their keys are, and refusing one of them."""

from collections.abc import Sequence
from typing import Annotated

import structlog
from fastapi import APIRouter

from tidegate.errors import Reason, Refusal
from tidegate.http.operators import PREFIX, Operator, Role, dependency
from tidegate.identity.keydisk import KeyDiskError
from tidegate.identity.present import DistrustBody, DistrustedBody, IssuersBody, issuer_body
from tidegate.identity.service import Issuer


def operator_routes(issuers: Sequence[Issuer]) -> APIRouter:
    """The routes.

    Args:
        issuers: configured, with their keys.
    """
    routes = APIRouter(prefix=f"{PREFIX}/issuers", tags=["issuers"])
    by_name = {issuer.policy.name: issuer for issuer in issuers}

    @routes.get("", summary="The issuers, and the state of their keys on this replica")
    async def listed(_acting: Annotated[Operator, dependency(Role.VIEWER)]) -> IssuersBody:
        return IssuersBody(issuers=[issuer_body(issuer) for issuer in issuers])

    @routes.post("/{name}/distrust", summary="Refuse a key of an issuer at once and for good")
    async def distrust(
        name: str, asked: DistrustBody, acting: Annotated[Operator, dependency(Role.OPERATOR)]
    ) -> DistrustedBody:
        issuer = by_name.get(name)
        if issuer is None:
            known = ", ".join(by_name) or "none"
            raise Refusal(Reason.NOT_FOUND, f"There is no issuer of this name; the configured ones: {known}.")
        return _distrusted(issuer, asked.kid, acting)

    return routes


def _distrusted(issuer: Issuer, kid: str, acting: Operator) -> DistrustedBody:
    kept = True
    keys_before = {key for one in issuer.keys.current() or () for key in (one.kid, one.fingerprint)}
    try:
        in_use = issuer.keys.distrust(kid)
    except KeyDiskError as error:
        in_use, kept = kid in keys_before, False
        structlog.get_logger("tidegate.operator").error(
            "distrust_not_kept", issuer=issuer.policy.name, operator=acting.name, cause=str(error)
        )
    return DistrustedBody(issuer=issuer.policy.name, kid=kid, in_use=in_use, kept=kept)
