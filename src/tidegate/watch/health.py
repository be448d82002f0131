"""The judgement of health: pure, from what others have found out."""

from collections.abc import Iterable
from typing import Final

from tidegate.clock import rfc3339
from tidegate.watch.findings import current, findings_of
from tidegate.watch.model import (
    REFUSALS,
    SLOW_MS,
    Checks,
    Failure,
    Finding,
    Health,
    HealthInputs,
    KeyType,
    Status,
    Troubleshooting,
)
from tidegate.watch.probes.model import Blame
from tidegate.watch.thresholds import CLOCK_TOLERANCE_S, QUOTA_LOW, UNTOLD_S

__all__ = ["CLOCK_TOLERANCE_S", "QUOTA_LOW", "UNTOLD_S", "judge", "key_type", "told"]

_MIN_KEY_LENGTH: Final = 10
_DEVELOPMENT_WORDS: Final = ("demo", "test", "dev")
_SEVERITY: Final = {Status.HEALTHY: 0, Status.DEGRADED: 1, Status.UNHEALTHY: 2}
_ANSWERED: Final = frozenset({Failure.SERVER_FAULT, Failure.RATE_LIMITED})
_WHOSE: Final = {
    Blame.OURS: "ours",
    Blame.PROVIDER: "the identity provider's",
    Blame.STREAM: "Stream's",
    Blame.NETWORK: "the network's",
}


def judge(inputs: HealthInputs) -> Health:
    """Judge how the service is.

    Unhealthy: the configuration is invalid, Stream will not have our key, secret or
    app, or no issuer is usable. Degraded: Stream fails or is slow, its quota runs
    low, keys are stale, one issuer of several is down, the database cannot be used, or nothing is known yet.
    What is degraded or worse for another reason, the causes say.

    Args:
        inputs: what is known.

    Returns:
        the health page's content.
    """
    findings = findings_of(inputs)
    status = max((finding.status for finding in findings), key=_SEVERITY.__getitem__, default=Status.HEALTHY)
    probe = inputs.probe
    return Health(
        status=status,
        checks=_checks(inputs),
        message=_message(status, findings, inputs),
        warnings=tuple(told(finding) for finding in findings if finding.status is not Status.UNHEALTHY),
        response_time_ms=round(probe.duration_ms, 1) if probe else 0.0,
        fast=probe is not None and probe.ok and probe.duration_ms < SLOW_MS,
        troubleshooting=Troubleshooting(
            status=status,
            issues=tuple(told(finding) for finding in findings if finding.status is not Status.HEALTHY),
            solutions=_solutions(finding for finding in findings if finding.status is not Status.HEALTHY),
            recommendations=_solutions(finding for finding in findings if finding.status is Status.HEALTHY),
        ),
        findings=tuple(sorted(findings, key=lambda finding: -_SEVERITY[finding.status])),
    )


def told(finding: Finding) -> str:
    """A finding as a sentence for a page that has no fields for whose fault it is, and since when.

    Args:
        finding: one.
    """
    if finding.blame is Blame.NOBODY or finding.since is None:
        return finding.issue
    whose = f"Whose fault: {_WHOSE[finding.blame]}, {finding.sure:.0%} sure"
    return f"{finding.issue} {whose}; since {rfc3339(finding.since)}."


def key_type(api_key: str | None, *, problem: bool = False, words_accepted: bool = False) -> KeyType:
    """What kind of key is configured, by its look.

    Args:
        api_key: as configured.
        problem: whether its validation, or Stream, has found fault with it.
        words_accepted: whether demo, test and dev in a key count as chance.

    Returns:
        ``invalid`` for none or a faulty one, ``development`` where the key contains
        demo, test or dev, else ``production``.
    """
    if problem or not api_key or len(api_key) < _MIN_KEY_LENGTH:
        return "invalid"
    lowered = api_key.lower()
    if not words_accepted and any(word in lowered for word in _DEVELOPMENT_WORDS):
        return "development"
    return "production"


def _checks(inputs: HealthInputs) -> Checks:
    probe = current(inputs)
    answered = probe is not None and (probe.ok or probe.failure in REFUSALS | _ANSWERED)
    working = probe is not None and probe.ok and not (probe.posture and probe.posture.suspended)
    return Checks(
        configuration_valid=not inputs.problems,
        connection_established=answered,
        authentication_working=working,
    )


def _message(status: Status, findings: Iterable[Finding], inputs: HealthInputs) -> str:
    """The worst finding, and how old what is known of Stream is."""
    worst = next((told(finding) for finding in findings if finding.status is status), None)
    said = "Everything works." if status is Status.HEALTHY or worst is None else worst
    return said if inputs.probe is None else f"{said} Stream was checked {inputs.probe_age_s:.0f} s ago."


def _solutions(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(solution for finding in findings for solution in finding.solutions))
