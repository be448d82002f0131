"""From settings to the sessions of Auth.js that are accepted."""

from typing import Final

from tidegate.clock import Clock
from tidegate.identity.authjs.jwe import Form
from tidegate.identity.authjs.keys import SecretKeys
from tidegate.identity.authjs.lookups import LookupOptions, Lookups
from tidegate.identity.authjs.route import SessionRoute
from tidegate.identity.authjs.sessions import AuthjsSessions
from tidegate.identity.fetch import new_client
from tidegate.identity.jws import JwsLimits
from tidegate.identity.keydisk import KeyDisk
from tidegate.identity.model import IssuerPolicy
from tidegate.settings import Environment, IssuerConfig, Settings, authjs_apps
from tidegate.settings.authjs_apps import App

_FORMS: Final = {"any": frozenset(Form), "5": frozenset({Form.V5}), "4": frozenset({Form.V4}), "off": frozenset[Form]()}


def secret_keys(config: IssuerConfig, settings: Settings, disk: KeyDisk | None) -> SecretKeys:
    """The keys of encrypted sessions.

    Args:
        config: of the issuer.
        settings: sound ones.
        disk: where distrusted keys are kept; None keeps them in memory only.

    Raises:
        ValueError: a secret is too short; `tidegate.settings.load` does not let that happen.
        KeyDiskError: the list of distrusted keys cannot be read.
    """
    app = authjs_apps.app(config, settings)
    return SecretKeys(config.name, config.issuer, app.secrets, app.cookies, _FORMS[app.version], disk)


def authjs_sessions(
    config: IssuerConfig, policy: IssuerPolicy, keys: SecretKeys, settings: Settings, clock: Clock
) -> AuthjsSessions:
    """The verifier of its sessions.

    Args:
        config: of the issuer.
        policy: what they are held to.
        keys: from `secret_keys`.
        settings: sound ones.
        clock: for the age of the app's answers.

    Raises:
        FetchError: the session route's URL is one that may not be asked.
    """
    limits = JwsLimits(settings.session_token_bytes, settings.session_header_bytes)
    app = authjs_apps.app(config, settings)
    return AuthjsSessions(policy, keys, _lookups(app, settings, clock), limits, cookies=app.cookies)


def _lookups(app: App, settings: Settings, clock: Clock) -> Lookups | None:
    """Each app has bounds of its own, so that one which is slow or flooded takes nothing from the others."""
    if app.session_url is None:
        return None
    route = SessionRoute(
        new_client(connections=settings.authjs_lookups_max),
        app.session_url,
        app.cookies,
        timeout_seconds=settings.authjs_timeout_ms / 1000,
        max_bytes=settings.authjs_answer_bytes,
        loopback_http=settings.environment is Environment.DEVELOPMENT,
    )
    options = LookupOptions(
        fresh_seconds=settings.authjs_fresh_seconds,
        refused_seconds=settings.authjs_refused_seconds,
        at_once=settings.authjs_lookups_max,
        entries=settings.authjs_answers,
        vigil_seconds=settings.probe_seconds,
    )
    return Lookups(app.name, route, clock, options)
