"""Probes and the judgement on the wire, for operators: whole, where the public pages have only sentences."""

from typing import Literal

from pydantic import Field

from tidegate.clock import rfc3339
from tidegate.http.schema import Closed, Timestamp
from tidegate.watch.model import Finding, Health, Status
from tidegate.watch.present import ChecksBody
from tidegate.watch.probes.board import Board
from tidegate.watch.probes.causes import spec_of
from tidegate.watch.probes.model import Blame, Outcome, ProbeSpec, Ran, State, calls_per_hour
from tidegate.watch.probes.service import Runner


class OutcomeBody(Closed):
    """What a probe found last."""

    state: State
    at: Timestamp
    age_seconds: float = Field(ge=0)
    since: Timestamp
    cause: str = Field(description="A name from the page of causes; empty where all is well.")
    text: str
    mends: list[str]
    blame: Blame
    sure: float = Field(ge=0, le=1)
    figures: dict[str, float]
    ran: Ran


class ProbeBody(Closed):
    """A probe: what it does, what it costs, what it found."""

    name: str
    title: str
    period_seconds: float
    timeout_seconds: float
    calls: dict[str, float] = Field(description="Calls to Stream in one run, by operation.")
    each_replica: bool
    outcome: OutcomeBody | None


class ProbesBody(Closed):
    """Answer of ``GET /operator/v1/probes``."""

    turn: Literal["this", "another", "alone"] = Field(description="Which replica probes what all of them share.")
    calls_per_hour: dict[str, float] = Field(description="At most, to Stream, by operation; all replicas together.")
    calls_per_hour_total: float
    probes: list[ProbeBody]


class FindingBody(Closed):
    """One thing that was noticed."""

    cause: str
    status: Status
    text: str
    mends: list[str]
    subject: str
    blame: Blame
    sure: float = Field(ge=0, le=1)
    since: Timestamp | None


class OperatorHealthBody(Closed):
    """Answer of ``GET /operator/v1/health``."""

    status: Status
    message: str
    checks: ChecksBody
    findings: list[FindingBody]
    timestamp: Timestamp


def probes_body(runner: Runner, board: Board, now: float) -> ProbesBody:
    """All probes.

    Args:
        runner: runs them.
        board: what they found.
        now: seconds since the epoch.
    """
    specs, turn = runner.specs(), runner.turn
    calls = calls_per_hour(specs)
    return ProbesBody(
        turn="alone" if turn.alone else "this" if turn.mine else "another",
        calls_per_hour=calls,
        calls_per_hour_total=sum(calls.values()),
        probes=[probe_body(spec, board.last(spec.name), now) for spec in specs],
    )


def probe_body(spec: ProbeSpec, outcome: Outcome | None, now: float) -> ProbeBody:
    """One probe.

    Args:
        spec: what it does.
        outcome: what it found last; None before the first time.
        now: seconds since the epoch.
    """
    return ProbeBody(
        name=spec.name,
        title=spec.title,
        period_seconds=spec.period_s,
        timeout_seconds=spec.timeout_s,
        calls=dict(spec.calls),
        each_replica=spec.each_replica,
        outcome=None if outcome is None else _outcome(outcome, now),
    )


def _outcome(outcome: Outcome, now: float) -> OutcomeBody:
    known = spec_of(outcome.cause)
    return OutcomeBody(
        state=outcome.state,
        at=rfc3339(outcome.at),
        age_seconds=round(max(0.0, now - outcome.at), 3),
        since=rfc3339(outcome.since),
        cause=outcome.cause,
        text=outcome.text,
        mends=list(known.mends) if known else [],
        blame=outcome.blame,
        sure=outcome.sure,
        figures=dict(outcome.figures),
        ran=outcome.ran,
    )


def health_body(health: Health, now: float) -> OperatorHealthBody:
    """The judgement, with everything that it was made of.

    Args:
        health: as operators may read it.
        now: seconds since the epoch.
    """
    checks = health.checks
    return OperatorHealthBody(
        status=health.status,
        message=health.message,
        checks=ChecksBody(
            configurationValid=checks.configuration_valid,
            connectionEstablished=checks.connection_established,
            authenticationWorking=checks.authentication_working,
        ),
        findings=[_finding(finding) for finding in health.findings],
        timestamp=rfc3339(now),
    )


def _finding(finding: Finding) -> FindingBody:
    return FindingBody(
        cause=finding.cause,
        status=finding.status,
        text=finding.issue,
        mends=list(finding.solutions),
        subject=finding.subject,
        blame=finding.blame,
        sure=finding.sure,
        since=None if finding.since is None else rfc3339(finding.since),
    )
