"""The shape of an action: what the page asks before it, and what is done then. Pure."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.errors import Reason, Refusal

Form = Mapping[str, str]

WORD: Final = "word"
"""The field into which a word is typed, where a question asks for one."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What the page asks before it is done.

    Attributes:
        title: a question.
        facts: what will happen, and what is known of whom it happens to.
        fields: what the form of the answer carries.
        yes: on the button.
        grave: whether it cannot be taken back, or hits somebody.
        word: what has to be typed, where it hits many; empty: nothing.
    """

    title: str
    facts: tuple[str, ...]
    fields: Mapping[str, str]
    yes: str
    grave: bool = False
    word: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do.

    Attributes:
        name: in the form.
        takes: its fields.
        ask: what to ask first.
        do: does it; what to say afterwards, and whether that is bad news.
    """

    name: str
    takes: tuple[str, ...]
    ask: Callable[[Form], Awaitable[Ask]]
    do: Callable[[Form, str], Awaitable[tuple[str, bool]]]


def taken(form: Form, *names: str) -> dict[str, str]:
    """Some fields of a form.

    Args:
        form: that has them.
        names: of the fields.
    """
    return {name: form[name] for name in names}


def demand_word(form: Form, word: str) -> None:
    """See that somebody typed the word that the question asked for.

    Args:
        form: the answer.
        word: asked for.

    Raises:
        Refusal: ``request_invalid``.
    """
    if form.get(WORD, "").strip() != word:
        raise Refusal(Reason.REQUEST_INVALID, f"The word {word} was not typed; nothing was changed.")
