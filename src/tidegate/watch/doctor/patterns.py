"""How each rule is recognised in a text. Pure, and linear: every repetition in a pattern has a bound.

Text is what people wrote, so it is read generously: a pattern knows the usual spellings and no grammar.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Final

from tidegate.watch.doctor.texts import Kind, Text

_PUBLIC: Final = r"(?:NEXT_PUBLIC|EXPO_PUBLIC|NUXT_PUBLIC|REACT_APP|GATSBY|VITE)_"
_NOW: Final = r"(?:Date\.now\(\)|new Date\(\)\.getTime\(\)|\+new Date\(\))"
_THOUSAND: Final = r"(?:1000|1_000|1e3)"
_ASKED: Final = r"(?:req|request|ctx|context|event|body|params|query|payload|data|searchParams|c\.req)\b"
_SECRET_TEXT: Final = r"""["'`][a-z0-9]{40,80}["'`]"""

_Found = Callable[[Text], Iterator[int]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a rule is recognised.

    Attributes:
        rule: its id.
        kinds: of text in which it is looked for.
        found: the places at which it does not hold.
    """

    rule: str
    kinds: frozenset[Kind]
    found: _Found


def _each(*patterns: str) -> _Found:
    compiled = [re.compile(pattern) for pattern in patterns]

    def found(text: Text) -> Iterator[int]:
        for pattern in compiled:
            for match in pattern.finditer(text.bare):
                yield match.start()

    return found


def _only_if(marker: str, found: _Found) -> _Found:
    compiled = re.compile(marker)

    def found_if(text: Text) -> Iterator[int]:
        if compiled.search(text.bare):
            yield from found(text)

    return found_if


_ADDED: Final = re.compile(
    _NOW + r"\s{0,9}\+\s{0,9}(\d[\d_]{0,11}(?:\s{0,9}\*\s{0,9}\d[\d_]{0,11}){0,5})(?![\w.]|\s{0,9}\*)"
)
_MINUTE, _SECOND = 60, 1_000


def _added_seconds(text: Text) -> Iterator[int]:
    """``Date.now() + 3600``: whole minutes, counted as seconds."""
    for match in _ADDED.finditer(text.bare):
        added = prod(int(factor.replace("_", "")) for factor in match[1].split("*"))
        if added and added % _MINUTE == 0 and added % _SECOND:
            yield match.start()


_READ_AS_MS: Final = _each(
    r"new Date\(\s{0,9}[\w.?!$]{0,80}\b(?:exp|iat|nbf)\s{0,9}\)",
    r"new Date\(\s{0,9}[\w.?!$]{0,80}\b(?:account|session)[?!]?\.expires_at\s{0,9}\)",
    _NOW + r"\s{0,9}[<>]=?\s{0,9}[\w.?!$]{0,80}\bexp\b(?!\s{0,9}\*)",
    r"\bexp\s{0,9}[<>]=?\s{0,9}" + _NOW + r"(?!\s{0,9}/)",
)


def _taken_as_milliseconds(text: Text) -> Iterator[int]:
    yield from _added_seconds(text)
    yield from _READ_AS_MS(text)


_CODE: Final = frozenset({Kind.SCRIPT, Kind.PYTHON})
_WRITTEN: Final = frozenset({Kind.SCRIPT, Kind.PYTHON, Kind.PLAIN, Kind.ENV})
_CLIENT_MARK: Final = (
    r"""(?m)^\s{0,9}["']use client["']"""
    r"""|(?:from|require\()\s{0,9}["'](?:react-native|react-dom|expo|expo-[a-z-]{1,40}|stream-chat-react|stream-chat-react-native|stream-chat-expo)["'/]"""
)
_TOKEN_MARK: Final = r"createToken|create_token|createUserToken|create_user_token|upsertUser|jwt\.sign|SignJWT"

PATTERNS: Final = (
    Pattern(
        "public-secret",
        _WRITTEN | {Kind.BUNDLE},
        _each(rf"\b{_PUBLIC}[A-Z0-9_]{{0,80}}(?:SECRET|PRIVATE_KEY|PASSWORD)"),
    ),
    Pattern("dev-token", _CODE, _each(r"\bdevToken\s{0,9}\(", r"\bdev_token\s{0,9}\(")),
    Pattern(
        "secret-in-bundle",
        frozenset({Kind.BUNDLE}),
        _each(
            r"\bSTREAM_(?:CHAT_)?(?:API_)?SECRET\b",
            rf"(?i:secret)[\"']?\s{{0,9}}[:=,]\s{{0,9}}{_SECRET_TEXT}",
            rf"(?:getInstance|new StreamChat)\(\s{{0,9}}[^,()\n]{{1,80}},\s{{0,9}}{_SECRET_TEXT}",
        ),
    ),
    Pattern(
        "secret-in-code",
        _CODE | {Kind.PLAIN},
        _each(
            rf"(?i:secret)[\"']?\s{{0,9}}[:=]\s{{0,9}}{_SECRET_TEXT}",
            rf"(?:getInstance|StreamChat|connect)\(\s{{0,9}}[^,()\n]{{1,80}},\s{{0,9}}{_SECRET_TEXT}",
        ),
    ),
    Pattern(
        "exp-in-milliseconds",
        _CODE,
        _each(rf"\b(?:exp|iat|nbf)[\"']?\s{{0,9}}[:=]\s{{0,9}}{_NOW}(?!\s{{0,9}}/\s{{0,9}}{_THOUSAND})"),
    ),
    Pattern("seconds-as-milliseconds", _CODE, _taken_as_milliseconds),
    Pattern(
        "cors-wildcard",
        _WRITTEN,
        _each(
            r"""(?i:Access-Control-Allow-Origin)["']?\s{0,9}[,:]\s{0,9}["']?\*""",
            r"""(?i:Access-Control-Allow-Origin)["']?\s{0,9},\s{0,9}["']?value["']?\s{0,9}:\s{0,9}["']\*""",
            r"""\bcors\(\s{0,9}\)""",
            r"""\bcors\(\s{0,9}\{\s{0,9}origin\s{0,9}:\s{0,9}(?:true\b|["']\*["'])""",
            r"""\ballow_origins\s{0,9}=\s{0,9}\[\s{0,9}["']\*["']""",
            r"""(?m)^[A-Z0-9_]{0,40}CORS[A-Z0-9_]{0,40}=["']?\*""",
        ),
    ),
    Pattern(
        "token-in-client",
        frozenset({Kind.SCRIPT}),
        _only_if(
            _CLIENT_MARK,
            _each(
                r"\.createToken\s{0,9}\(", r"\bjwt\.sign\s{0,9}\(", r"\bnew SignJWT\s{0,9}\(", r"\bcreateHmac\s{0,9}\("
            ),
        ),
    ),
    Pattern(
        "user-id-from-request",
        _CODE,
        _only_if(
            _TOKEN_MARK,
            _each(
                rf"\b(?:createToken|create_token|createUserToken|create_user_token)\(\s{{0,9}}{_ASKED}",
                r"\b(?:const|let|var)\s{1,9}\{[^{}\n]{0,200}\b(?:user_?[iI]d)\b[^{}\n]{0,200}\}\s{0,9}="
                r"\s{0,9}(?:await\s{1,9})?\(?(?:await\s{1,9})?(?:req|request|ctx|event|c\.req)\b",
                r"\buser_?[iI]d\s{0,9}[:=]\s{0,9}(?:await\s{1,9})?(?:req|request)\.(?:body|query|params|json|args|form)",
            ),
        ),
    ),
)
"""In the order of the rules."""
