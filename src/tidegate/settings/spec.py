"""How a setting is declared: once, as the annotation of its field."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from tidegate.settings.kinds import Kind

COUNT_MAX: Final = 10_000_000
"""The upper end of every count that has no reason for another one."""

BYTES_MAX: Final = 1_048_576
"""The upper end of every size that has no reason for another one."""

OFF: Final = "switches it off"
"""What 0 does to most limits."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a field says of itself, besides its type and default.

    Attributes:
        variables: the names that set it; several are aliases, except for the environment.
        kind: how its text is read.
        meaning: one sentence for the documentation page.
        default: the default in words, where it is not one value.
    """

    variables: tuple[str, ...]
    kind: Kind
    meaning: str
    default: str = ""


def spec(variables: str, kind: Kind, meaning: str, default: str = "") -> Spec:
    """Declare a setting.

    Args:
        variables: its names, with spaces between them, the preferred one first.
        kind: how its text is read.
        meaning: one sentence for the documentation page.
        default: the default in words, where it is not one value.

    Returns:
        the declaration, to stand in the field's annotation.
    """
    return Spec(tuple(variables.split()), kind, meaning, default)


class Section(BaseModel):
    """A part of the settings; ``Settings`` inherits from all of them.

    The first line of a section's docstring is its heading on the documentation page.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
