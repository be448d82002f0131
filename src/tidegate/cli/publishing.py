"""The public keys that issuers publish at this moment."""

import asyncio
from collections.abc import Mapping

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.clock import SystemClock
from tidegate.identity.assemble import fetch_documents
from tidegate.identity.keys import KeySet, KeySetError
from tidegate.logs import clean
from tidegate.settings import Settings

Documents = Mapping[str, Mapping[str, object]]
"""Exact issuer to its JWK set."""


def published(settings: Settings, name: str | None) -> Documents:
    """Fetch them.

    Args:
        settings: sound ones.
        name: of one issuer; all that have a key server if None.

    Raises:
        CommandFailed: there is no such issuer.
        FetchError: a key server does not give its keys.
    """
    chosen = [one for one in settings.issuers if one.fetched() and name in {None, one.name}]
    if not chosen:
        known = ", ".join(one.name for one in settings.issuers if one.fetched()) or "none"
        mend = f"name one of those that have a key server ({known})"
        raise CommandFailed("there is no such issuer to fetch keys of", mend, status=Exit.WRONG)
    return asyncio.run(fetch_documents(settings, chosen, SystemClock()))


def rows_of(settings: Settings, documents: Documents) -> list[dict[str, str | None]]:
    """What is in them, for people and for programs.

    Args:
        settings: for the issuers' names.
        documents: of `published`.

    Returns:
        for each key issuer, kid, thumbprint and algorithms; ``state`` says why one is not used.

    Raises:
        CommandFailed: a document is no key set.
    """
    names = {one.issuer: one.name for one in settings.issuers}
    rows: list[dict[str, str | None]] = []
    for issuer, document in documents.items():
        try:
            found = KeySet.from_jwks(document, max_keys=settings.keys_max)
        except KeySetError as error:
            raise CommandFailed(f"issuer {names[issuer]}: {error}") from None
        for key in found:
            state = f"usable for {', '.join(sorted(key.algorithms))}"
            rows.append(_row(names[issuer], key.kid, key.fingerprint, state))
        rows += [_row(names[issuer], one.kid, None, f"not used: the key {one.why}") for one in found.rejected]
    return rows


def _row(issuer: str, kid: str | None, thumbprint: str | None, state: str) -> dict[str, str | None]:
    return {"issuer": issuer, "kid": None if kid is None else clean(kid), "thumbprint": thumbprint, "state": state}
