"""The code flow (OpenID Connect Core 1.0, section 3.1), and who comes in by it."""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog

from tidegate.clock import Clock
from tidegate.console.model import Visitor
from tidegate.console.oidc.client import CodeRefused, Provider
from tidegate.console.oidc.known import Known
from tidegate.console.oidc.model import Client, Flow, Metadata
from tidegate.errors import Reason, Refusal
from tidegate.http.operators import Operator
from tidegate.identity.fetch import FetchError
from tidegate.identity.fixedkeys import FixedKeys
from tidegate.identity.keys import KeySet, KeySetError
from tidegate.identity.model import IssuerPolicy, KeysNeeded, VerifiedSubject
from tidegate.identity.service import Issuer, Verifier
from tidegate.settings.issuers import parse_issuer

FLOW_SECONDS: Final = 600
"""How long a sign-in may take."""

FLOWS_MOST: Final = 64
"""Sign-ins under way; nobody is known yet, so that in the end a further one takes the place of the oldest."""

FLOWS_SHARE: Final = 4
"""The part of them that one address may have, before its own oldest goes: one in so many."""

_log = structlog.get_logger("tidegate.console")

_NAME: Final = "console"
_CODE_MOST: Final = 4096


class OidcSignIn:
    """Signs people in at a provider.

    Args:
        client: what we are there.
        provider: over HTTP.
        clock: for ends, and for the ID token.
    """

    def __init__(self, client: Client, provider: Provider, clock: Clock) -> None:
        self._client = client
        self._provider = provider
        self._clock = clock
        self._flows: dict[str, Flow] = {}
        self._known = Known(provider.metadata, clock)

    async def begin(self, address: str) -> tuple[str, str]:
        """Begin a sign-in.

        Args:
            address: of the client, as limits count it.

        Returns:
            where to send the browser, and the value of its cookie.

        Raises:
            Refusal: ``identity_unavailable``.
        """
        metadata = await self._metadata()
        flow = Flow.begin(self._clock.monotonic() + FLOW_SECONDS, address)
        self._make_way(address)
        self._flows[flow.state] = flow
        return flow.question(self._client, metadata.authorization_endpoint), flow.browser

    def _make_way(self, address: str) -> None:
        own = [state for state, flow in self._flows.items() if flow.address == address]
        if len(own) >= FLOWS_MOST // FLOWS_SHARE:
            del self._flows[own[0]]
        elif len(self._flows) >= FLOWS_MOST:
            del self._flows[next(iter(self._flows))]

    async def finish(self, answer: Mapping[str, str], browser: str) -> Visitor:
        """End a sign-in.

        Args:
            answer: the parameters with which the browser came back.
            browser: the value of its cookie.

        Returns:
            who it is.

        Raises:
            Refusal: ``operator_key_refused``, or ``identity_unavailable``.
        """
        flow = self._flows.pop(answer.get("state", ""), None)
        if flow is None or not flow.is_of(browser) or self._clock.monotonic() >= flow.ends:
            raise _refused("This sign-in was not begun in this browser, was used already, or took too long.")
        metadata = await self._metadata()
        self._check_issuer(answer.get("iss"), metadata)
        code = answer.get("code", "")
        if not code or len(code) > _CODE_MOST or "error" in answer:
            raise _refused("The identity provider did not let you in.")
        try:
            token = await self._provider.id_token(metadata.token_endpoint, flow.exchange(self._client, code))
            who = self._verified(token, await self._provider.keys(metadata.jwks_uri), flow)
        except CodeRefused as error:
            _log.warning("console_code_refused", cause=str(error))
            raise _refused("The identity provider does not accept this sign-in's code.") from None
        except FetchError as error:
            raise _unavailable(error) from None
        allowed = self._client.of(who.subject)
        if allowed is None:
            raise _refused(f"The subject {who.subject} of this issuer is not in TIDEGATE_CONSOLE_ALLOW.")
        return Visitor(Operator(allowed.name, allowed.role), "oidc")

    def _check_issuer(self, iss: str | None, metadata: Metadata) -> None:
        """An answer of another provider's is none (RFC 9207, section 2.4)."""
        if iss is None and not metadata.names_itself:
            return
        if iss is None or not hmac.compare_digest(iss.encode(), self._client.issuer.encode()):
            raise _refused("The answer is not that of the configured identity provider.")

    def _verified(self, token: str, document: Mapping[str, object], flow: Flow) -> VerifiedSubject:
        """The ID token, held to the rules of any session, and to ours (OpenID Connect Core 1.0, section 3.1.3.7)."""
        try:
            keys = FixedKeys(_NAME, self._client.issuer, KeySet.from_jwks(document))
            who = Verifier([Issuer(_policy(self._client), keys)], self._clock).verify(token.encode(), self._clock.now())
        except (KeySetError, KeysNeeded, UnicodeEncodeError):
            raise _refused("The ID token was signed with no key of the identity provider's.") from None
        except Refusal as refusal:
            raise _refused(f"The ID token is not accepted. {refusal.detail}") from None
        (nonce,) = who.particulars.carried or (None,)
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), flow.nonce.encode()):
            raise _refused("The ID token was made for another sign-in.")
        return who

    async def _metadata(self) -> Metadata:
        try:
            return await self._known.metadata()
        except FetchError as error:
            raise _unavailable(error) from None


def _policy(client: Client) -> IssuerPolicy:
    config = parse_issuer(
        {
            "name": _NAME,
            "kind": "oidc",
            "issuer": client.issuer,
            "audience": (client.client_id,),
            "authorized_parties": (client.client_id,),
            "impersonation": "refuse",
        }
    )
    return replace(IssuerPolicy.from_config(config), carried=("nonce",))


def _refused(detail: str) -> Refusal:
    return Refusal(Reason.OPERATOR_KEY_REFUSED, detail)


def _unavailable(error: FetchError) -> Refusal:
    _log.warning("console_provider_unavailable", fault=error.fault, cause=str(error))
    return Refusal(Reason.IDENTITY_UNAVAILABLE, "The identity provider cannot be used at this moment.", retry_after=10)
