"""A file that nobody named does not say where credentials go that are not its own.

A ``.env`` that lies in the working directory came with whatever lies there. The credentials of whoever works there are
in the process environment, or at hand in other ways, and a place that only such a file names could be anybody's.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from tidegate.settings.draft import Draft
from tidegate.settings.environment import Decision
from tidegate.settings.problems import Problem
from tidegate.settings.sources import FILE_VARIABLE, UNNAMED
from tidegate.settings.stream_section import DEFAULT_BASE_URL

_SENT: Final = MappingProxyType(
    {
        "base_url": ("api_secret", "next_api_secret", "credentials_source"),
        "console_oidc_issuer": ("console_oidc_client_secret",),
        "alert_webhook_url": ("alert_webhook_secret",),
    }
)
"""By the field that says where: what goes there, or signs what goes there."""

_AMBIENT: Final = MappingProxyType({"database_url": ("PGPASSWORD", "PGPASSFILE")})
"""By the field that says where: variables of the process environment whose credentials a library adds by itself."""


def check(decision: Decision, draft: Draft) -> Iterator[Problem]:
    """Find the places that only such a file names.

    Args:
        decision: which file was read, and who named it.
        draft: the settings as far as they could be read.

    Yields:
        a problem for each place to which somebody else's credentials would go.
    """
    if decision.file_origin != "default" or not decision.sources.file:
        return
    for place, credentials in _SENT.items():
        if _is_in_file(draft, place) and not _is_usual(draft, place):
            names = [draft.name(one) for one in credentials if _is_elsewhere(draft, one)]
            yield from _problems(draft, place, names)
    for place, variables in _AMBIENT.items():
        if _is_in_file(draft, place):
            names = [one for one in variables if decision.sources.process.get(one, "").strip()]
            yield from _problems(draft, place, names)
    if _is_in_file(draft, "azure_vault_hosts"):
        yield from _problems(draft, "azure_vault_hosts", ["the identity at Azure"])


def _problems(draft: Draft, place: str, names: list[str]) -> Iterator[Problem]:
    if names:
        wrong = f"stands in a {UNNAMED} that nobody named, and {names[0]} comes from elsewhere and would be used there"
        mend = f"set it in the environment, or name the file: {FILE_VARIABLE}={UNNAMED}"
        yield Problem(draft.name(place), wrong, mend)


def _is_in_file(draft: Draft, field: str) -> bool:
    given = draft.given.get(field)
    return given is not None and given.is_in_file


def _is_elsewhere(draft: Draft, field: str) -> bool:
    """Whether a credential is given that the file does not hold; what a source gives, it never does."""
    return field in draft.given and (field == "credentials_source" or not _is_in_file(draft, field))


def _is_usual(draft: Draft, place: str) -> bool:
    return place == "base_url" and draft.settings.base_url == DEFAULT_BASE_URL
