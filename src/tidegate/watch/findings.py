"""What is noticed, thing by thing, from what is known: pure. `tidegate.watch.health` makes the judgement of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from tidegate.identity.keysource import KeyState
from tidegate.upstream.breaker import BreakerState
from tidegate.watch.model import SLOW_MS, Finding, HealthInputs, IssuerHealth, ProbeResult, Remark, Status
from tidegate.watch.probes.blame import Around, of_stream
from tidegate.watch.probes.causes import CAUSES, Cause, spec_of
from tidegate.watch.probes.model import Outcome, State
from tidegate.watch.thresholds import CLOCK_TOLERANCE_S, QUOTA_LOW, UNTOLD_S

Seen = Mapping[str, Outcome]
"""What the probes found, by name."""

_WRONG: Final = frozenset({State.WARNING, State.FAILING})
_JUDGED_APART: Final = frozenset({"credentials", "app", "quota", "clock", "database", "ledger"})
"""Probes of which what is known at this moment counts for more, or is said in other words."""


def findings_of(inputs: HealthInputs) -> list[Finding]:
    """Everything that was noticed.

    Args:
        inputs: what is known.
    """
    seen = {outcome.probe: outcome for outcome in inputs.outcomes}
    probe = current(inputs)
    return [
        *(_of(Cause.CONFIGURATION_INVALID, issue=problem) for problem in inputs.problems),
        *_issuers(inputs.issuers, seen),
        *_stream(inputs, probe, seen),
        *_quota(inputs.quota_ratio, seen.get("quota")),
        *_store(inputs, seen.get("database")),
        *_untold(inputs),
        *map(_remarked, inputs.credentials),
        *_ledger(inputs.credentials, seen.get("ledger")),
        *_posture(probe, seen.get("app"), public=inputs.public),
        *_clock(probe, seen.get("clock")),
        *_others(inputs.outcomes, public=inputs.public),
    ]


def current(inputs: HealthInputs) -> ProbeResult | None:
    """The probe, unless it is too old to say anything about now."""
    return inputs.probe if inputs.probe_age_s <= inputs.probe_max_age_s else None


def _of(cause: Cause, *, issue: str = "", subject: str = "", since: float | None = None) -> Finding:
    """A finding as its cause has it."""
    known = CAUSES[cause]
    return Finding(known.status, issue or known.text, known.mends, cause, subject, known.blame, 0.9, since)


def _from(outcome: Outcome) -> Finding:
    """A finding as a probe has it."""
    known = spec_of(outcome.cause)
    status, mends = (Status.HEALTHY, ()) if known is None else (known.status, known.mends)
    return Finding(
        status, outcome.text, mends, outcome.cause, outcome.probe, outcome.blame, outcome.sure, outcome.since
    )


def _is_wrong(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.state in _WRONG


def _issuers(issuers: tuple[IssuerHealth, ...], seen: Seen) -> Iterator[Finding]:
    if not issuers:
        yield _of(Cause.NO_ISSUER)
    some_usable = any(issuer.usable for issuer in issuers)
    for issuer in issuers:
        outcome = seen.get(f"keys:{issuer.name}")
        if issuer.keys is not KeyState.FRESH:
            yield _blamed(_keys(issuer, some_usable=some_usable), outcome)
        elif outcome is not None and outcome.cause == Cause.KEYS_FAILING:
            yield _from(outcome)
        if issuer.route_fault:
            yield _route(issuer)


def _keys(issuer: IssuerHealth, *, some_usable: bool) -> Finding:
    if issuer.usable:
        issue = f"The keys of issuer {issuer.name} could not be refreshed; the last good ones are in use."
        mend = f"Check that this machine can reach the key server of issuer {issuer.name}."
        return replace(_of(Cause.KEYS_STALE, issue=issue, subject=issuer.name), solutions=(mend,))
    issue = f"There are no usable keys of issuer {issuer.name}; its sessions cannot be verified."
    mend = f"Check the issuer URL or JWKS URL of issuer {issuer.name}, and that this machine can reach it."
    status = Status.DEGRADED if some_usable else Status.UNHEALTHY
    return replace(_of(Cause.KEYS_UNUSABLE, issue=issue, subject=issuer.name), status=status, solutions=(mend,))


def _blamed(finding: Finding, outcome: Outcome | None) -> Finding:
    """With what the probe knows of whose fault it is."""
    if outcome is None or not outcome.cause:
        return finding
    return replace(finding, cause=outcome.cause, blame=outcome.blame, sure=outcome.sure, since=outcome.since)


def _route(issuer: IssuerHealth) -> Finding:
    issue = (
        f"The session route of the app gives issuer {issuer.name} no answers ({issuer.route_fault}), "
        "so sessions in its database cannot be checked."
    )
    return _of(Cause.SESSION_ROUTE_DOWN, issue=issue, subject=issuer.name)


def _stream(inputs: HealthInputs, probe: ProbeResult | None, seen: Seen) -> Iterator[Finding]:
    if probe is None:
        yield _unchecked(inputs)
    else:
        yield from _answered(probe, seen.get("credentials"))
    if inputs.breaker is not BreakerState.CLOSED and (probe is None or probe.ok):
        yield _of(Cause.STREAM_LEFT_ALONE)


def _unchecked(inputs: HealthInputs) -> Finding:
    if inputs.probe is None:
        return _of(Cause.NOT_YET_CHECKED)
    issue = f"The last check of Stream is {inputs.probe_age_s:.0f} s old and says nothing about now."
    return _of(Cause.RESULT_OLD, issue=issue)


def _answered(probe: ProbeResult, outcome: Outcome | None) -> Iterator[Finding]:
    """The probe's own verdict, where it is about this call; else what the call alone says."""
    if outcome is not None and outcome.at == probe.at and outcome.cause:
        yield _from(outcome)
        return
    verdict = of_stream(probe, Around())
    if verdict is None:
        return
    issue = ""
    if verdict.cause is Cause.STREAM_SLOW:
        issue = f"Stream took {probe.duration_ms:.0f} ms to answer; {SLOW_MS:.0f} ms and more count as slow."
    yield replace(_of(verdict.cause, issue=issue), blame=verdict.blame, sure=verdict.sure)


def _quota(ratio: float | None, outcome: Outcome | None) -> Iterator[Finding]:
    if outcome is not None and _is_wrong(outcome):
        yield _from(outcome)
    elif ratio is not None and ratio < QUOTA_LOW:
        yield _of(Cause.QUOTA_LOW, issue=f"{ratio:.0%} of a rate limit of Stream's is left.")


def _store(inputs: HealthInputs, outcome: Outcome | None) -> Iterator[Finding]:
    """Tokens are given out all the same, by what is known here."""
    seconds = inputs.store_down_s
    if seconds is not None:
        issue = f"The database cannot be used; what changed elsewhere in the last {seconds:.0f} s is not known here."
        yield _of(Cause.DATABASE_DOWN, issue=issue, since=inputs.now - seconds if inputs.now else None)
    elif outcome is not None and _is_wrong(outcome):
        yield _from(outcome)


def _untold(inputs: HealthInputs) -> Iterator[Finding]:
    """Nobody gets a new token meanwhile; one that is out is good at Stream until it ends."""
    count, seconds = inputs.untold, inputs.untold_s
    if count and seconds >= UNTOLD_S:
        issue = f"Stream could not be told of {count} revocations or bans, of the first one for {seconds:.0f} s."
        yield _of(Cause.STREAM_UNTOLD, issue=issue, since=inputs.now - seconds if inputs.now else None)


def _remarked(remark: Remark) -> Finding:
    known = spec_of(remark.cause)
    blame = CAUSES[Cause.CREDENTIALS].blame if known is None else known.blame
    status = Status.DEGRADED if remark.degraded else Status.HEALTHY
    return Finding(status, remark.text, (remark.mend,), remark.cause, blame=blame, sure=0.9)


def _ledger(remarks: Iterable[Remark], outcome: Outcome | None) -> Iterator[Finding]:
    """What it says of itself counts, since it is of now."""
    said = {remark.cause for remark in remarks}
    if outcome is not None and _is_wrong(outcome) and outcome.cause not in said:
        yield _from(outcome)


def _posture(probe: ProbeResult | None, outcome: Outcome | None, *, public: bool) -> Iterator[Finding]:
    """What the last answer tells of the app."""
    posture = None if probe is None else probe.posture
    if posture is None:
        return
    elsewhere = outcome is not None and outcome.figures.get("revoked_elsewhere", 0.0)
    found = [
        cause
        for cause, holds in (
            (Cause.AUTH_CHECKS_OFF, posture.disable_auth_checks),
            (Cause.PERMISSION_CHECKS_OFF, posture.disable_permissions_checks),
            (Cause.REVOKED_ELSEWHERE, elsewhere),
        )
        if holds
    ]
    since = outcome.since if outcome is not None and outcome.cause in found else None
    if public and found:
        # Whoever reads this must not learn that the app stands open.
        mend = "Run `tidegate config check --live`: it names the setting."
        yield Finding(Status.HEALTHY, "A setting of the app at Stream deserves a look.", (mend,), cause=found[0])
        return
    for cause in found:
        yield _of(cause, since=since)


def _clock(probe: ProbeResult | None, outcome: Outcome | None) -> Iterator[Finding]:
    if outcome is not None:
        if _is_wrong(outcome):
            yield _from(outcome)
        return
    difference = None if probe is None else probe.clock_difference_s
    if difference is not None and abs(difference) > CLOCK_TOLERANCE_S:
        yield _of(Cause.CLOCK_DIFFERS, issue=f"This machine's clock and Stream's differ by {abs(difference):.0f} s.")


def _others(outcomes: Iterable[Outcome], *, public: bool) -> Iterator[Finding]:
    for outcome in outcomes:
        if not _is_wrong(outcome) or outcome.probe in _JUDGED_APART or outcome.probe.startswith("keys:"):
            continue
        # Strangers have no use for what is weak here; the first is said already, by who has no issuer.
        if outcome.cause == Cause.NO_ISSUER or (public and outcome.cause == Cause.CHECKLIST):
            continue
        yield _from(outcome)
