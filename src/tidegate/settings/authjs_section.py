"""Settings of Auth.js and NextAuth: their secrets, their cookies, and sessions kept in a database."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import SecretStr

from tidegate.settings import kinds as k
from tidegate.settings.jsontext import json_of
from tidegate.settings.problems import Unfit
from tidegate.settings.spec import BYTES_MAX, COUNT_MAX, OFF, Section, spec

AuthjsVersion = Literal["any", "5", "4", "off"]

COOKIES_MAX: Final = 8
COOKIE_NAME: Final = r"[A-Za-z0-9!#$&'*+.^_`|~-]{1,128}"
"""A token (RFC 6265, section 4.1.1), so that none can end a cookie or begin another one."""

APPS_MAX: Final = 8
SECRETS_MAX: Final = 4
"""Apps, and secrets of each: no session of version 4 is tried with more keys than that makes."""

_SECRETS_TEXT_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class CookieNames(k.Words):
    """Names of cookies."""

    what: str = "names of cookies"

    def read(self, text: str) -> tuple[object, ...]:
        """The names, in order, each once; no more than a request would be searched for."""
        names = k.Words.read(self, text)
        if len(names) > COOKIES_MAX:
            raise Unfit(f"has more than {COOKIES_MAX} elements", "shorten the list")
        return names

    def element(self, text: str) -> str:
        """One name."""
        return k.Line("a cookie's name", COOKIE_NAME, 128).read(text)


@dataclass(frozen=True, slots=True)
class AppSecrets(k.Hidden):
    """Secrets of apps by name, in JSON: a list with commas would do for names, but a secret may hold any character."""

    def read(self, text: str) -> tuple[SecretStr, ...]:
        """Each secret after its app's name and a colon, which is in no name."""
        mend = 'write a JSON object of names and secrets: {"admin": "..."}, or {"admin": ["new", "old"]}'
        members = json_of(text, _SECRETS_TEXT_MAX, mend)
        if not isinstance(members, dict):
            raise Unfit("is not an object", mend)
        if len(members) > APPS_MAX:
            raise Unfit(f"names more than {APPS_MAX} apps", "leave some out")
        return tuple(SecretStr(f"{name}:{one}") for name, value in members.items() for one in _texts(name, value, mend))

    def form(self) -> str:
        """What it is."""
        return "a JSON object of names and secrets"


def _texts(name: str, value: object, mend: str) -> list[str]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found) or ":" in name:
        raise Unfit("has a member that is no secret and no list of secrets", mend)
    if not 0 < len(found) <= SECRETS_MAX:
        raise Unfit(f"has an app with no secret, or with more than {SECRETS_MAX}", mend)
    return found


SECURE_COOKIES: Final = ("__Secure-authjs.session-token", "__Secure-next-auth.session-token")
"""The session cookies of Auth.js and NextAuth on https."""

PLAIN_COOKIES: Final = ("authjs.session-token", "next-auth.session-token")
"""The same on http, which is for development: whoever is on the way can set a cookie of such a name."""


SECRET_FIELDS: Final = ("auth_secrets", "auth_secret_1", "auth_secret_2", "auth_secret_3")
"""The fields that hold a secret of the app's."""


class AuthjsSection(Section):
    """Auth.js and NextAuth."""

    auth_secrets: Annotated[
        tuple[SecretStr, ...],
        spec(
            "AUTH_SECRET NEXTAUTH_SECRET",
            k.HiddenOne(),
            "The app's own secret, with which it encrypts its sessions.",
        ),
    ] = ()
    auth_secret_1: Annotated[
        SecretStr | None,
        spec("AUTH_SECRET_1", k.Hidden(), "A further secret while one is replaced, as Auth.js has it."),
    ] = None
    auth_secret_2: Annotated[SecretStr | None, spec("AUTH_SECRET_2", k.Hidden(), "Another one.")] = None
    auth_secret_3: Annotated[SecretStr | None, spec("AUTH_SECRET_3", k.Hidden(), "Another one.")] = None
    authjs_app_secrets: Annotated[
        tuple[SecretStr, ...],
        spec(
            "TIDEGATE_AUTHJS_SECRETS",
            AppSecrets(),
            "The secrets of further apps, by the names that `TIDEGATE_ISSUERS` gives them.",
        ),
    ] = ()
    authjs_version: Annotated[
        AuthjsVersion,
        spec(
            "TIDEGATE_AUTHJS_VERSION",
            k.Choice(("any", "5", "4", "off")),
            "Whose encrypted sessions are accepted: Auth.js 5, NextAuth 4, both, or none, whatever secrets are set.",
        ),
    ] = "any"
    authjs_cookies: Annotated[
        tuple[str, ...],
        spec(
            "TIDEGATE_AUTHJS_COOKIES",
            CookieNames(),
            "The names of the app's session cookie; the first that is there counts. Version 5 derives keys from them.",
            "the usual names; in production only those that begin with `__Secure-`",
        ),
    ] = ()
    authjs_max_age_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_AUTHJS_MAX_AGE_SECONDS",
            k.Integer(60, 31_536_000, "s", OFF),
            "The greatest age of an encrypted session, counted from when the app last renewed it.",
        ),
    ] = 2_592_000
    authjs_session_url: Annotated[
        str | None,
        spec(
            "TIDEGATE_AUTHJS_SESSION_URL",
            k.Url("keep"),
            "The app's session route, asked for sessions in a database, for instance "
            "`https://app.example.com/api/auth/session`.",
        ),
    ] = None
    authjs_fresh_seconds: Annotated[
        int,
        spec("TIDEGATE_AUTHJS_FRESH_SECONDS", k.Integer(1, 300, "s"), "How long the session route's answer counts."),
    ] = 10
    authjs_refused_seconds: Annotated[
        int,
        spec(
            "TIDEGATE_AUTHJS_REFUSED_SECONDS",
            k.Integer(1, 60, "s"),
            "How long its saying that there is no such session counts.",
        ),
    ] = 5
    authjs_timeout_ms: Annotated[
        int, spec("TIDEGATE_AUTHJS_TIMEOUT_MS", k.Integer(100, 30_000, "ms"), "How long it may take to answer.")
    ] = 3_000
    authjs_lookups_max: Annotated[
        int,
        spec(
            "TIDEGATE_AUTHJS_LOOKUPS_MAX",
            k.Integer(1, 1_000, "requests"),
            "How many questions to it may be under way at a time.",
        ),
    ] = 8
    authjs_answer_bytes: Annotated[
        int, spec("TIDEGATE_AUTHJS_ANSWER_BYTES", k.Integer(1_024, BYTES_MAX, "bytes"), "How large its answer may be.")
    ] = 65_536
    authjs_answers: Annotated[
        int,
        spec("TIDEGATE_AUTHJS_ANSWERS", k.Integer(2, COUNT_MAX, "answers"), "How many of its answers are remembered."),
    ] = 10_000
    authjs_lookups_per_minute: Annotated[
        int,
        spec(
            "TIDEGATE_AUTHJS_LOOKUPS_PER_MINUTE",
            k.Integer(1, COUNT_MAX, "requests", OFF),
            "Questions to it that one client address may cause.",
        ),
    ] = 120

    @property
    def authjs_secrets(self) -> tuple[str, ...]:
        """The texts of all secrets of the app, the newest first: Auth.js takes the one with the greatest number."""
        numbered = [one for one in (self.auth_secret_3, self.auth_secret_2, self.auth_secret_1) if one is not None]
        return tuple(dict.fromkeys(one.get_secret_value() for one in (*numbered, *self.auth_secrets)))

    @property
    def authjs_secrets_by_app(self) -> dict[str, tuple[str, ...]]:
        """The texts of the further apps' secrets, as they are listed."""
        found: dict[str, tuple[str, ...]] = {}
        for one in self.authjs_app_secrets:
            name, _, secret = one.get_secret_value().partition(":")
            found[name] = (*found.get(name, ()), secret)
        return found
