"""Rules of the console's sign-in at an OpenID Connect provider."""

from collections.abc import Iterator
from typing import Final

from tidegate.settings import urls
from tidegate.settings.draft import Draft
from tidegate.settings.problems import Problem, Unfit

FIELDS: Final = ("console_url", "console_oidc_issuer", "console_oidc_client_id", "console_allow")
"""What belongs together; a client without a secret is a public one."""


def check(draft: Draft) -> Iterator[Problem]:
    """Judge the settings of the sign-in.

    Args:
        draft: the settings as far as they could be read.

    Yields:
        the problems.
    """
    settings = draft.settings
    if draft.failed & {*FIELDS, "console_oidc_client_secret"}:
        return
    given = [field for field in FIELDS if getattr(settings, field)]
    if not given or given == ["console_url"]:
        return
    for field in FIELDS:
        if field not in given:
            mend = "set it: address of the console, issuer, client id and allow-list belong together"
            yield Problem(draft.name(field), "is not set, while others of the console's sign-in are", mend)
    for field in ("console_url", "console_oidc_issuer"):
        if url := getattr(settings, field):
            try:
                urls.demand_encrypted(url, development=draft.is_development())
            except Unfit as unfit:
                yield unfit.at(draft.name(field))
    issuer = settings.console_oidc_issuer
    if issuer and settings.console_allow and issuer not in {one.issuer for one in settings.console_allow}:
        wrong = "lets in nobody of TIDEGATE_CONSOLE_OIDC_ISSUER"
        yield Problem(draft.name("console_allow"), wrong, "name subjects of that issuer")
