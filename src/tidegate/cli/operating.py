"""Speaking to a running service as its operator."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx2

from tidegate.cli.exits import CommandFailed, Exit
from tidegate.http.operators import PREFIX
from tidegate.http.outgoing import trust
from tidegate.logs import clean
from tidegate.settings import Settings, urls
from tidegate.settings.environment import Decision, decide
from tidegate.settings.kinds import Kind
from tidegate.settings.model import SPECS
from tidegate.settings.problems import Unfit

TIMEOUT_SECONDS: Final = 30.0
"""How long one call may take; an operator's change waits for disks and databases."""

_ANSWER_OCTETS: Final = 16 * 1_048_576
_SHOWN: Final = 500
_WRONG: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class Access:
    """Where the operator's listener is, and the key to it.

    Attributes:
        url: without a slash at its end.
        key: of an operator.
    """

    url: str
    key: str = field(repr=False)


def access_from_environment(env_file: Path | None = None) -> Access:
    """What ``TIDEGATE_OPERATOR_URL`` and ``TIDEGATE_OPERATOR_KEY`` say.

    Only these two are read, so an operator's machine needs none of the service's settings.

    Args:
        env_file: a file of settings named on the command line.

    Raises:
        CommandFailed: the key is missing, the URL is none, or would carry the key unencrypted.
    """
    decision = decide({}, os.environ, env_file)
    sources = decision.sources
    _demand_one_origin(decision)

    def read(name: str) -> Any:  # noqa: ANN401 - a kind's reader gives its own type
        variable, kind = SPECS[name].variables[0], SPECS[name].kind
        try:
            given = sources.setting(name)
            return getattr(Settings(), name) if given is None else _checked(name, kind, given.text)
        except Unfit as unfit:
            raise CommandFailed(f"{variable} {unfit.wrong}", unfit.mend, status=Exit.WRONG) from None

    key = read("operator_key")
    if key is None:
        mend = "set it to the key that tidegate operator add printed"
        raise CommandFailed("TIDEGATE_OPERATOR_KEY is not set", mend, status=Exit.WRONG)
    return Access(read("operator_url"), key.get_secret_value())


def _demand_one_origin(decision: Decision) -> None:
    """A file that merely lies in the working directory must not say where a key from elsewhere is sent.

    Raises:
        CommandFailed: it does.
    """
    url, key = (decision.sources.setting(name) for name in ("operator_url", "operator_key"))
    if decision.file_origin == "default" and url and url.is_in_file and not (key and key.is_in_file):
        raise CommandFailed(
            "TIDEGATE_OPERATOR_URL stands in a .env that nobody named, and the key does not",
            "set it in the environment, or name the file with TIDEGATE_ENV_FILE",
            status=Exit.WRONG,
        )


def _checked(name: str, kind: Kind, text: str) -> object:
    value = kind.read(text)
    if name == "operator_url":
        urls.demand_encrypted(str(value), development=True)
    elif not text.isascii() or not text.isprintable():
        raise Unfit("has characters that no key has", "copy it as tidegate operator add printed it")
    return value


def path_of(*parts: str) -> str:
    """A path under the operator's prefix; what a person typed cannot lead out of its place.

    Args:
        parts: the segments below ``/operator/v1``.
    """
    return "/".join((PREFIX, *(quote(part, safe="") for part in parts)))


class OperatorClient:
    """The operator's API of a running service. Use it in a ``with`` block.

    Args:
        access: where and with which key; `access_from_environment` if None.
        transport: for tests.
    """

    def __init__(self, access: Access | None = None, *, transport: httpx2.BaseTransport | None = None) -> None:
        self.access = access or access_from_environment()
        self._http = httpx2.Client(
            base_url=self.access.url,
            headers={"Authorization": f"Bearer {self.access.key}", "Accept": "application/json"},
            verify=trust() if self.access.url.startswith("https:") else False,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            follow_redirects=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, *parts: str, query: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
        """Ask.

        Args:
            parts: of the path below ``/operator/v1``, as in `path_of`.
            query: names and values.

        Returns:
            the answer's members.

        Raises:
            CommandFailed: with what the service said.
        """
        return self._call("GET", parts, params=dict(query))

    def post(self, *parts: str, json: Mapping[str, object] = MappingProxyType({})) -> dict[str, Any]:
        """Change something; as `get`, with a body."""
        return self._call("POST", parts, json=dict(json))

    def delete(self, *parts: str) -> dict[str, Any]:
        """Take something back; as `get`."""
        return self._call("DELETE", parts)

    def _call(self, method: str, parts: Sequence[str], **sent: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path_of(*parts), **sent)
        except httpx2.TimeoutException:
            wrong = f"the service at {self.access.url} did not answer within {TIMEOUT_SECONDS:g} s"
            raise CommandFailed(f"{wrong}; whether the command took effect is not known", "look, then repeat") from None
        except httpx2.HTTPError as error:
            raise CommandFailed(
                f"the service at {self.access.url} cannot be reached ({type(error).__name__})",
                "start it with TIDEGATE_OPERATOR_KEYS set, and name its operator's listener in TIDEGATE_OPERATOR_URL",
            ) from None
        return self._members(answer)

    def _members(self, answer: httpx2.Response) -> dict[str, Any]:
        if answer.status_code == HTTPStatus.NO_CONTENT:
            return {}
        try:
            members = answer.json() if len(answer.content) <= _ANSWER_OCTETS else None
        except ValueError:
            members = None
        if not isinstance(members, dict):
            raise CommandFailed(
                f"what answers at {self.access.url} is no operator's listener of Tidegate ({answer.status_code})",
                "name that listener in TIDEGATE_OPERATOR_URL; its address is that of TIDEGATE_OPS_BIND",
            )
        if answer.is_success:
            return members
        status = Exit.WRONG if answer.status_code in _WRONG else Exit.FAILED
        said = clean(str(members.get("detail", "")))[:_SHOWN].rstrip(".")
        reason = clean(str(members.get("reason", "unknown")))[:_SHOWN]
        raise CommandFailed(f"{answer.status_code} {reason}: {said}", status=status)
