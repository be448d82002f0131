"""A million subjects of every shape: no two get one user id, each id is one that Stream takes, and leads back."""

import argparse
import itertools
import random
import string
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import machine

from tidegate.tokens.mapping import SubjectMapping, is_user_id

ENOUGH = 1_000_000
NAMESPACES = (None, "a", "a1", "staff", "partner012345678")
_WORDS = string.ascii_letters + string.digits
_SPECIAL = "@_-.|+:/% \u00e9\u00df\u0130\u212a\u4e2d\U0001f600"
Make = Callable[[random.Random, int], str]


def _word(chance: random.Random, length: int, letters: str = _WORDS) -> str:
    return "".join(chance.choices(letters, k=length))


def _lookalike(chance: random.Random, number: int) -> str:
    """Subjects that are written like what the mapping itself makes, and those that differ in one character."""
    name = _word(chance, 3, "ab")
    forms = (
        f"tg-{name}",
        f"tg--{name}",
        f"tg-a-{name}",
        f"tg-@{name}",
        f"{name}@2e{number}",
        f"{name}.{number}",
        f"{name}@402e{number}",
        f"{name}{number}",
        f"{name.upper()}.{number}",
        f"{name}@{number}",
    )
    return chance.choice(forms)


SHAPES: dict[str, Make] = {
    "clerk": lambda chance, _: f"user_{_word(chance, 27)}",
    "uuid": lambda chance, _: str(uuid.UUID(int=chance.getrandbits(128))),
    "auth0": lambda chance, _: f"{chance.choice(('auth0', 'google-oauth2', 'samlp|acme'))}|{_word(chance, 24)}",
    "e-mail": lambda chance, number: f"{_word(chance, 4, 'ab.+_-')}{number}@{_word(chance, 3, 'ab-')}.example",
    "number": lambda _, number: str(number),
    "any character": lambda chance, _: _word(chance, chance.randint(1, 12), _WORDS + _SPECIAL),
    "two letters": lambda chance, _: _word(chance, chance.randint(1, 20), "aA"),
    "look-alike": _lookalike,
}
"""Name to a maker of subjects."""


def subjects(seed: int) -> Iterator[tuple[str, str | None, str]]:
    """Shape, namespace and subject without end, the same for the same seed; some come out equal.

    Args:
        seed: of the choices.
    """
    chance = random.Random(seed)
    shapes = list(SHAPES.items())
    for number in itertools.count():
        name, make = shapes[number % len(shapes)]
        yield name, chance.choice(NAMESPACES), make(chance, number)


def _judge(mapping: SubjectMapping, wanted: int, seed: int, *, fold: bool) -> dict[str, Any]:
    """Map until so many distinct subjects have been seen."""
    owners: dict[str, tuple[str | None, str]] = {}
    shapes = dict.fromkeys(SHAPES, 0)
    found = {"collisions": 0, "not_an_id": 0, "not_led_back": 0}
    generated = 0
    for name, namespace, subject in subjects(seed):
        generated += 1
        who, before, user_id = (namespace, subject), len(owners), mapping.user_id(namespace, subject)
        # As an app sees ids in which capitals do not count.
        if owners.setdefault(user_id.lower() if fold else user_id, who) != who:
            found["collisions"] += 1
            print(f"  {who} has an id that another has", flush=True)
        shapes[name] += len(owners) - before
        found["not_an_id"] += not is_user_id(user_id)
        found["not_led_back"] += mapping.subject(user_id) != who
        if len(owners) == wanted:
            break
    return {"generated": generated, "distinct": len(owners), "distinct_by_shape": shapes, **found}


def prove(count: int, seed: int) -> dict[str, Any]:
    """Map subjects in both of the mapping's ways.

    Args:
        count: of distinct subjects, each way.
        seed: of the choices.
    """
    ways = {"capitals_kept": False, "capitals_escaped": True}
    result: dict[str, Any] = {"seed": seed, "namespaces": len(NAMESPACES)}
    for name, escaped in ways.items():
        began = time.monotonic()
        result[name] = _judge(SubjectMapping(escape_capitals=escaped), count, seed, fold=escaped)
        result[name]["seconds"] = round(time.monotonic() - began, 1)
        print(f"  {name}: {result[name]}", flush=True)
    faults = [result[way][fault] for way in ways for fault in ("collisions", "not_an_id", "not_led_back")]
    result["met"] = not any(faults)
    return result


def main() -> int:
    """The command; 0 if no two subjects became one and every id led back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=ENOUGH, help="fewer are a try, and kept nowhere")
    parser.add_argument("--seed", type=int, default=20261122)
    chosen = parser.parse_args()
    facts = machine.facts()
    result = prove(chosen.count, chosen.seed)
    if chosen.count >= ENOUGH:  # what the evidence is to show
        machine.keep({"machine": facts, **result}, "docs/evidence", "mapping-")
    return 0 if result["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
