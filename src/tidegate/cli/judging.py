"""A session token judged with the service's own parts, outside the service."""

import asyncio
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from tidegate import logs
from tidegate.app.build import subject_mapping
from tidegate.app.run import load_or_exit
from tidegate.cli.giving import Given, given
from tidegate.cli.places import runtime_file
from tidegate.clock import Clock, SystemClock, rfc3339
from tidegate.errors import Refusal
from tidegate.identity.assemble import Issuers, assemble
from tidegate.identity.keydisk import KeyDisk
from tidegate.identity.keyfile import SavedKeySets
from tidegate.identity.keyring import FixedKeys, RemoteKeys
from tidegate.identity.model import CheckName
from tidegate.identity.service import Verifier
from tidegate.sandbox import commanding
from tidegate.sandbox.model import ISSUER_NAME
from tidegate.settings import IssuerConfig, Settings
from tidegate.tokens.service import user_id_of

USER_ID: Final = "user-id"
USER_ID_SETTING: Final = "TIDEGATE_USER_ID_CLAIM, TIDEGATE_USER_ID_MAP_FILE, TIDEGATE_ESCAPE_CAPITALS"
USER_ID_MEND: Final = "Let the identity provider give a shorter subject, or the claim a user id that Stream takes."
USER_ID_ASKS: Final = "The subject has a user id that Stream takes."


@dataclass(frozen=True, slots=True)
class Shown:
    """One check, for people.

    Attributes:
        name: of the check.
        passed: None for one that was not reached.
        detail: what was found, or is asked for.
        setting: what decides it, or "".
        mend: what to do when it fails.
    """

    name: str
    passed: bool | None
    detail: str
    setting: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the service would say.

    Attributes:
        checks: in the order in which they are made.
        summary: the answer in one line.
        refusal: why not; None for a token that is accepted.
        given: what an accepted one gets.
    """

    checks: tuple[Shown, ...]
    summary: str
    refusal: Refusal | None = None
    given: Given | None = None

    @property
    def accepted(self) -> bool:
        """Whether it would be exchanged."""
        return self.refusal is None


_PASSED: Final = Shown(USER_ID, passed=True, detail=USER_ID_ASKS, setting=USER_ID_SETTING, mend=USER_ID_MEND)


class _At(SystemClock):
    """Tells one time for ever; durations go on."""

    def __init__(self, moment: float) -> None:
        self._moment = moment

    def now(self) -> float:
        return self._moment


def settings_to_judge_by(env_file: Path | None) -> Settings:
    """The settings of the service; where nothing is configured, with the running sandbox as issuer. Logs are quiet.

    Args:
        env_file: named on the command line.
    """
    settings = load_or_exit(env_file=env_file).settings
    logs.configure("error", as_json=False)
    return with_running_sandbox(settings) if settings.sandbox_wanted else settings


def with_running_sandbox(settings: Settings) -> Settings:
    """Settings whose issuer is the sandbox that runs beside the state directory.

    Args:
        settings: with nothing configured.

    Raises:
        RuntimeFileError: no sandbox runs there.
        ControlError: it does not answer.
    """
    status = commanding.command(runtime_file(settings.state_dir), "GET", "/")
    issuer = IssuerConfig.model_validate({"name": ISSUER_NAME, **status["config"]})
    return settings.model_copy(update={"issuers": (issuer,), "api_key": status["api_key"]})


def judge(settings: Settings, bearer: bytes, at: float | None = None, saved: SavedKeySets | None = None) -> Verdict:
    """Judge a token.

    Args:
        settings: sound ones.
        bearer: the token.
        at: seconds since the epoch as of which to judge; now if None.
        saved: keys to judge with instead of the key servers', none of which is asked then.

    Raises:
        TidegateError: the settings cannot be used, as they could not by the service.
    """
    return asyncio.run(_judge(settings, bearer, SystemClock() if at is None else _At(at), saved))


async def _judge(settings: Settings, bearer: bytes, clock: Clock, saved: SavedKeySets | None) -> Verdict:
    issuers = assemble(settings, SystemClock())  # keys are as old as they are, whatever time the token is judged at
    issuers = _silenced(issuers)
    if saved is not None:
        issuers = _offline(issuers, settings, saved)
    mapping = subject_mapping(settings)
    try:
        for issuer in issuers.issuers:
            if isinstance(issuer.keys, RemoteKeys):
                issuer.keys.restore()
        verifier = Verifier(issuers.issuers, clock, issuers.limits)
        now = clock.now()
        checks: tuple[Shown, ...] = ()
        try:
            who = await verifier.verify_or_ask(bearer, now)
            checks = (*_checks(verifier, bearer, now), _PASSED)
            user_id = user_id_of(who, mapping)
        except Refusal as refusal:
            return _refused(refusal, _naming_issuers(checks or _checks(verifier, bearer, now), issuers))
    finally:
        await issuers.aclose()
    ends = rfc3339(who.expires_at)
    summary = f"Accepted: user id {user_id}, {who.kind} of issuer {who.issuer}, valid until {ends}."
    return Verdict(checks, summary, given=given(settings, who, now))


def _silenced(issuers: Issuers) -> Issuers:
    """The same issuers, with nobody to send a session to."""
    return replace(
        issuers,
        issuers=tuple(
            one if one.sessions is None else replace(one, sessions=one.sessions.silenced()) for one in issuers.issuers
        ),
    )


def _offline(issuers: Issuers, settings: Settings, saved: SavedKeySets) -> Issuers:
    """The same issuers, with saved keys in place of key servers; keys that were distrusted here stay so."""
    disk = KeyDisk(settings.state_dir)
    return replace(
        issuers,
        issuers=tuple(
            replace(one, keys=FixedKeys(one.policy.name, one.policy.issuer, saved.of(one.policy.issuer), disk=disk))
            if isinstance(one.keys, RemoteKeys)
            else one
            for one in issuers.issuers
        ),
    )


def _checks(verifier: Verifier, bearer: bytes, now: float) -> tuple[Shown, ...]:
    """The verifier's own account, with the keys that are here by now."""
    return tuple(
        Shown(check.name, check.passed, check.detail, check.setting, check.mend)
        for check in verifier.explain(bearer, now)
    )


def _naming_issuers(checks: tuple[Shown, ...], issuers: Issuers) -> tuple[Shown, ...]:
    """The same checks, with the issuers in the mend where the token's is none of them; no app is told their names."""
    known = ", ".join(one.policy.issuer for one in issuers.issuers if one.sessions is None)
    return tuple(
        replace(one, mend=f"{one.mend} Configured: {known}.")
        if known and one.name == CheckName.ISSUER and one.passed is False
        else one
        for one in checks
    )


def _refused(refusal: Refusal, checks: tuple[Shown, ...]) -> Verdict:
    """The check that failed says what the refusal says; after all of the verifier's, it is the user id's."""
    if all(check.passed for check in checks):
        failed = Shown(
            USER_ID,
            passed=False,
            detail=refusal.detail,
            setting=USER_ID_SETTING,
            mend=USER_ID_MEND,
        )
        shown = (*checks[:-1], failed)
    else:
        told = (replace(one, detail=refusal.detail) if one.passed is False else one for one in checks)
        shown = (*told, Shown(USER_ID, passed=None, detail="Not reached."))
    return Verdict(shown, f"Refused: {refusal.spec.status} {refusal.reason.value}: {refusal.detail}", refusal)


def as_members(verdict: Verdict) -> dict[str, object]:
    """A verdict for programs.

    Args:
        verdict: of `judge`.

    Returns:
        what goes into JSON: ``accepted``, ``summary``, ``reason`` (None if accepted) and ``checks`` in their order;
        for an accepted one also its ``life_seconds``, ``risk`` and ``profile``.
    """
    return {
        "accepted": verdict.accepted,
        "summary": verdict.summary,
        "reason": None if verdict.refusal is None else verdict.refusal.reason.value,
        "checks": [asdict(check) for check in verdict.checks],
        **({} if verdict.given is None else verdict.given.members()),
    }
