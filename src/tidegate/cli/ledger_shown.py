"""Findings and entries of the ledger, written for people."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tidegate.cli.screen import Screen, verdict

if TYPE_CHECKING:
    from tidegate.tokens.ledger.audit import Finding


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
    if finding.lost:
        yield f"says that {finding.lost} more were not written, because the disk did not keep up"
    if finding.recoveries:
        yield f"was taken up {finding.recoveries} times after a crash had cut its last line off"
    if finding.torn:
        yield f"ends with {finding.torn} octets of an unfinished line: a writer at work, or a crash"
