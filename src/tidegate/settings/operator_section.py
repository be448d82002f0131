"""Settings of the operator's access: who may operate, and how the command line gets there."""

from typing import Annotated

from pydantic import SecretStr

from tidegate.settings import kinds as k
from tidegate.settings.operator_keys import OperatorKey, OperatorKeys
from tidegate.settings.spec import Section, spec


class OperatorSection(Section):
    """The operator's access."""

    operator_keys: Annotated[
        tuple[OperatorKey, ...],
        spec(
            "TIDEGATE_OPERATOR_KEYS",
            OperatorKeys(),
            "Who may operate, on the listener of `TIDEGATE_OPS_BIND`; `tidegate operator add` makes the keys.",
        ),
    ] = ()
    operator_hosts: Annotated[
        tuple[str, ...],
        spec(
            "TIDEGATE_OPERATOR_HOSTS",
            k.Words("host names such as ops.internal.example"),
            "Names under which the operator's listener and `/metrics` may be asked, besides localhost and addresses.",
        ),
    ] = ()
    operator_failures_per_minute: Annotated[
        int,
        spec(
            "TIDEGATE_OPERATOR_FAILURES_PER_MINUTE",
            k.Integer(1, 10_000, "a minute"),
            "Refused operator's keys of one client address that are answered and recorded one by one.",
        ),
    ] = 10
    operator_url: Annotated[
        str,
        spec("TIDEGATE_OPERATOR_URL", k.Url(), "For the command line: where the operator's listener is."),
    ] = "http://127.0.0.1:8001"
    operator_key: Annotated[
        SecretStr | None,
        spec("TIDEGATE_OPERATOR_KEY", k.Hidden(), "For the command line: the key of whoever operates."),
    ] = None
