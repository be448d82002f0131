"""Several apps with Auth.js: what each is configured with, and what keeps their sessions apart.

The app of ``AUTH_SECRET`` has variables of its own; every further one is an element of
``TIDEGATE_ISSUERS`` with its secret in ``TIDEGATE_AUTHJS_SECRETS``, or with its session route.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidegate.settings import authjs, urls
from tidegate.settings.authjs_section import APPS_MAX, SECRET_FIELDS, AuthjsVersion
from tidegate.settings.draft import Draft
from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.model import Settings
from tidegate.settings.problems import Problem, Unfit
from tidegate.settings.stream_section import Environment

_OWN_MEMBERS = ("version", "cookies")


@dataclass(frozen=True, slots=True)
class App:
    """One app.

    Attributes:
        name: of the issuer.
        secrets: with which it encrypts its sessions; empty where there is only its session route.
        version: whose encrypted sessions count.
        cookies: the names of its session cookie, in the order in which they count.
        session_url: its session route; None where it is not asked.
    """

    name: str
    secrets: tuple[str, ...]
    version: AuthjsVersion
    cookies: tuple[str, ...]
    session_url: str | None

    def __repr__(self) -> str:
        return f"<App {self.name}>"


def app(config: IssuerConfig, settings: Settings) -> App:
    """What one app is configured with.

    Args:
        config: of its issuer.
        settings: sound ones.
    """
    secrets = settings.authjs_secrets_by_app.get(config.name, ())
    if secrets or config.session_url is not None:
        cookies = config.cookies or authjs.usual_cookies(settings)
        return App(config.name, secrets, config.version, cookies, config.session_url)
    url = None if settings.authjs_version == "off" else settings.authjs_session_url
    return App(config.name, settings.authjs_secrets, settings.authjs_version, authjs.cookies(settings), url)


def apps(settings: Settings) -> tuple[App, ...]:
    """All of them, in the order of the issuers.

    Args:
        settings: sound ones.
    """
    return tuple(app(one, settings) for one in settings.issuers if one.kind == authjs.KIND)


def cookies(settings: Settings) -> tuple[str, ...]:
    """The names of all apps' session cookies, in the order in which they count, each once.

    Args:
        settings: sound ones.
    """
    return tuple(dict.fromkeys(name for one in apps(settings) for name in one.cookies))


def are_cookies_safe(settings: Settings) -> bool:
    """Whether nobody on the way, and no other subdomain without HTTPS, can plant a session cookie.

    Args:
        settings: sound ones.
    """
    return all(name.startswith(authjs.SAFE_PREFIXES) for name in cookies(settings))


def is_own(one: Mapping[str, object], settings: Settings) -> bool:
    """Whether an element of ``TIDEGATE_ISSUERS`` is an app of its own, rather than that of the variables.

    Args:
        one: the element.
        settings: as far as they could be read.
    """
    return authjs.is_listed(one) and (_name(one) in settings.authjs_secrets_by_app or "session_url" in one)


def _name(one: Mapping[str, object]) -> str:
    name = one.get("name")
    return name if isinstance(name, str) else ""


def members(one: Mapping[str, object], settings: Settings) -> tuple[dict[str, object], dict[str, object]]:
    """An element of ``TIDEGATE_ISSUERS`` that stands for Auth.js, and what is known of it besides.

    Args:
        one: the element.
        settings: as far as they could be read.

    Returns:
        what holds unless the element says otherwise, and the element. Its sessions name no issuer, so for an app of
        its own the name is also what stands for that.
    """
    common = authjs.members(settings)
    if not is_own(one, settings):
        return common, dict(one)
    rest = {member: value for member, value in one.items() if member not in {"preset", "kind"}}
    return {**common, "issuer": one.get("name", authjs.KIND)}, rest


def check_listed(draft: Draft, listed: Sequence[Mapping[str, object]]) -> Iterator[Problem]:
    """Judge what ``TIDEGATE_ISSUERS`` says of such apps.

    Args:
        draft: the settings as far as they could be read.
        listed: its objects.

    Yields:
        the problems.
    """
    name = draft.name("issuers")
    found = [one for one in listed if authjs.is_listed(one)]
    shared = [one for one in found if not is_own(one, draft.settings)]
    by_variables = not shared and authjs.is_configured(draft.settings)
    if len(found) + by_variables > APPS_MAX:
        yield Problem(name, f"lists more than {APPS_MAX} apps with Auth.js", "leave some out")
    if len(shared) > 1:
        mend = "give each further app a name, and its secret in TIDEGATE_AUTHJS_SECRETS under that name"
        yield Problem(name, "lists Auth.js more than once", mend)
    if any(member in one for one in shared for member in _OWN_MEMBERS):
        mend = "set TIDEGATE_AUTHJS_VERSION or TIDEGATE_AUTHJS_COOKIES, or give the app a name and a secret of its own"
        yield Problem(name, "says version or cookies of the app of AUTH_SECRET", mend)
    failed = draft.failed & {*SECRET_FIELDS, "authjs_session_url", "authjs_app_secrets"}
    if shared and not authjs.is_configured(draft.settings) and not failed:
        mend = (
            "set AUTH_SECRET or TIDEGATE_AUTHJS_SESSION_URL, and TIDEGATE_AUTHJS_VERSION to something else than off; "
            "or name the app, with its secret in TIDEGATE_AUTHJS_SECRETS"
        )
        yield Problem(name, "lists Auth.js, of which no session could be accepted", mend)
    yield from _check_secrets(draft, set(map(_name, found)))


def _check_secrets(draft: Draft, names: set[str]) -> Iterator[Problem]:
    variable = draft.name("authjs_app_secrets")
    by_app = draft.settings.authjs_secrets_by_app
    if by_app.keys() - names:
        # The name is not repeated: where somebody mixed the two up it is a secret.
        wrong = "names an app that is not listed"
        mend = 'add {"preset": "authjs", "name": ..., "namespace": ...} to TIDEGATE_ISSUERS, or leave the app out'
        yield Problem(variable, wrong, mend)
    for secrets in by_app.values():
        for secret in secrets:
            yield from authjs.check_secret(draft, variable, secret)
    every = [secret for secrets in (draft.settings.authjs_secrets, *by_app.values()) for secret in set(secrets)]
    if len(set(every)) < len(every):
        mend = "give each app a secret of its own; where two share their people too, list them once, with both cookies"
        yield Problem(variable, "gives two apps one secret, so that a session could be either's", mend)


def check(draft: Draft, issuers: Sequence[IssuerConfig]) -> Iterator[Problem]:
    """Judge the apps' session routes, once the issuers are known.

    Args:
        draft: the settings as far as they could be read.
        issuers: sound ones.

    Yields:
        the problems.
    """
    seen: set[str] = set()
    variable = draft.name("issuers")
    for config in issuers:
        if config.kind != authjs.KIND or (url := (one := app(config, draft.settings)).session_url) is None:
            continue
        if config.session_url is not None:
            try:
                urls.demand_encrypted(url, development=draft.is_development())
            except Unfit as unfit:
                yield Problem(variable, f"has a session route for {one.name} that {unfit.wrong}", unfit.mend)
        if seen & set(one.cookies):
            # Whose such a session is, only its cookie says; asking the wrong app would hand it somebody's session.
            mend = "give each app's cookie a name of its own, in the app and here: cookies, TIDEGATE_AUTHJS_COOKIES"
            yield Problem(variable, "has two apps with a session route and the same cookie", mend)
        seen.update(one.cookies)


def warn(settings: Settings) -> Iterator[str]:
    """What does not keep the service from starting but should be known.

    Args:
        settings: complete and sound.

    Yields:
        one sentence each.
    """
    if settings.environment is Environment.PRODUCTION and not are_cookies_safe(settings):
        yield (
            "TIDEGATE_AUTHJS_COOKIES, or cookies in TIDEGATE_ISSUERS, names a cookie without __Secure- or __Host-, "
            "which others could plant"
        )
