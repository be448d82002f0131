"""Findings and entries of the ledger, written for people."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tidegate.cli.screen import Screen, verdict
from tidegate.clock import rfc3339

if TYPE_CHECKING:
    from tidegate.tokens.ledger.audit import Finding
    from tidegate.tokens.ledger.model import Entry
    from tidegate.tokens.ledger.search import Holder


def show_findings(findings: "Iterable[Finding]", screen: Screen) -> None:
    """Each chain with what was found."""
    entries = wrong = 0
    for finding in findings:
        screen.parts(verdict(not finding.wrong), finding.chain, _extent(finding))
        screen.lines(_remarks(finding), indent=6)
        entries += finding.entries
        wrong += bool(finding.wrong)
    screen.blank()
    screen.title(f"{entries} entries hold. {'Every chain is whole.' if not wrong else f'Broken chains: {wrong}.'}")


def _extent(finding: "Finding") -> str:
    if finding.head is None or not finding.entries:
        return "no entries"
    first = finding.head.n - finding.entries + 1
    return f"entries {first} to {finding.head.n}, {finding.since} to {finding.until}"


def _remarks(finding: "Finding") -> Iterable[str]:
    if finding.wrong:
        yield finding.wrong
    if finding.pruned_through:
        yield f"pruned through entry {finding.pruned_through}"
    if finding.summed:
        yield f"counts {finding.summed} more refusals in sums, since they name nobody"
    if finding.lost:
        yield f"says that {finding.lost} more were not written, because the disk did not keep up"
    if finding.recoveries:
        yield f"was taken up {finding.recoveries} times after a crash had cut its last line off"
    if finding.torn:
        yield f"ends with {finding.torn} octets of an unfinished line: a writer at work, or a crash"


def show_entries(entries: "Iterable[Entry]", screen: Screen) -> None:
    """Entries as a table."""
    from rich.table import Table

    table = Table("Time", "Event", "Reason", "Issuer", "User", "Act", "Address", "Until", "Request", box=None)
    for entry in entries:
        until = "" if entry.exp is None else rfc3339(entry.exp)
        act = entry.act or entry.operator
        shown = (entry.time, _event(entry), entry.reason, entry.issuer, entry.user_id, act, entry.address, until)
        table.add_row(*(printable(text or "") for text in (*shown, entry.request)))
    screen.table(table)


def _event(entry: "Entry") -> str:
    more = (entry.count, entry.method, entry.route, entry.status)
    return " ".join((entry.event, *(str(one) for one in more if one is not None)))


def show_holders(holders: "Sequence[Holder]", screen: Screen) -> None:
    """Who could have held a token, as a table."""
    from rich.table import Table

    table = Table("User", "Issuer", "Subject", "Tokens", "First iat", "Last exp", "Addresses", "Act", box=None)
    for one in holders:
        names = map(printable, (one.user_id, one.issuer, one.subject))
        addresses, actors = (printable(", ".join(sorted(found))) for found in (one.addresses, one.actors))
        table.add_row(*names, str(one.tokens), rfc3339(one.first_iat), rfc3339(one.last_exp), addresses, actors)
    screen.table(table)
    screen.title(f"{len(holders)} users.")


def holders_as_json(holders: "Iterable[Holder]") -> str:
    """The same for programs."""
    return json.dumps(
        [
            {
                "user_id": one.user_id,
                "issuer": one.issuer,
                "subject": one.subject,
                "tokens": one.tokens,
                "first_iat": one.first_iat,
                "last_exp": one.last_exp,
                "addresses": sorted(one.addresses),
                "actors": sorted(one.actors),
            }
            for one in holders
        ],
        indent=2,
    )


def printable(text: str) -> str:
    """A text of an entry as it may reach a terminal: whoever wrote it may have meant it to be more than text."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
