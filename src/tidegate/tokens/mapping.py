"""From an issuer's subject to a Stream user id, and back: one to one, always.

Stream allows ``a-z A-Z 0-9 @ _ -`` and at most 255 characters. Stripping what it
refuses would merge two people into one account, so what does not fit is escaped:

* a subject of the primary issuer that fits, and does not begin with ``tg-``, stays as it is;
* every other one becomes ``tg-NAMESPACE-ESCAPED``, the namespace empty for the
  primary issuer, each octet outside the alphabet (and each ``@``) written ``@xx``.

Namespaces are ``[a-z0-9]+``, so the first ``-`` after ``tg-`` ends one. Ids of
Tidegate's own (canary, probes) begin ``tg-@``, where no namespace can.
"""

import re
from collections.abc import Mapping
from typing import Final

from tidegate.errors import Reason, Refusal

LONGEST: Final = 255
"""Characters of a Stream user id."""

RESERVED: Final = "tg-"
"""Ids that begin so are made here; no subject keeps such a name."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9@_-]{1,255}")
_PLAIN_LOWER: Final = re.compile(r"[a-z0-9@_-]{1,255}")
_NAMESPACE: Final = re.compile(r"[a-z0-9]{1,16}")
_MADE: Final = re.compile(r"tg-([a-z0-9]{0,16})-((?:[A-Za-z0-9_-]|@[0-9a-f]{2})+)")
_UNESCAPE: Final = re.compile(rb"@([0-9a-f]{2})")
_KEPT: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_CAPITALS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def is_user_id(text: str) -> bool:
    """Whether Stream takes ``text`` as a user id."""
    return _PLAIN.fullmatch(text) is not None


class SubjectMapping:
    """The mapping and its inverse.

    Args:
        escape_capitals: escape capital letters too, for an app in which Stream does
            not tell ``A`` from ``a``. Changing it changes the ids of those it touches.
        assigned: ids given to subjects before Tidegate came, ``(namespace, subject)`` to
            user id; the namespace is None for the primary issuer.

    Raises:
        ValueError: two subjects are assigned one id, an id is none that Stream takes, or one begins with ``tg-``.
    """

    __slots__ = ("_assigned", "_escaped", "_owners", "_plain", "_taken")

    def __init__(
        self, *, escape_capitals: bool = False, assigned: Mapping[tuple[str | None, str], str] | None = None
    ) -> None:
        self._plain = _PLAIN_LOWER if escape_capitals else _PLAIN
        self._escaped = _KEPT - _CAPITALS if escape_capitals else _KEPT
        self._assigned = dict(assigned or {})
        self._owners = {user_id: who for who, user_id in self._assigned.items()}
        # As Stream tells them apart: where capitals do not count, a subject "bob" must not become the assigned "Bob".
        self._taken = frozenset(user_id.lower() if escape_capitals else user_id for user_id in self._owners)
        if len(self._taken) != len(self._assigned):
            raise ValueError("two subjects are assigned the same user id")
        for user_id in self._taken:
            if not is_user_id(user_id) or user_id.startswith(RESERVED):
                raise ValueError("an assigned user id must be one that Stream takes, and not begin with tg-")

    def user_id(self, namespace: str | None, subject: str) -> str:
        """The Stream user id of a subject.

        Args:
            namespace: the issuer's; None for the primary issuer.
            subject: as the issuer writes it.

        Raises:
            Refusal: ``subject_unmappable``, where the id would be longer than 255 characters.
        """
        if self._assigned and (given := self._assigned.get((namespace, subject))) is not None:
            return given
        if (
            namespace is None
            and self._plain.fullmatch(subject) is not None
            and not subject.startswith(RESERVED)
            and subject not in self._taken
        ):
            return subject
        return self._made(namespace, subject)

    def may_claim(self, user_id: str) -> bool:
        """Whether an id that a claim names can be taken as it is: one of the alphabet in force, and none made here."""
        return self._plain.fullmatch(user_id) is not None and not user_id.startswith(RESERVED)

    def subject(self, user_id: str) -> tuple[str | None, str]:
        """The namespace and subject whose id this is.

        Args:
            user_id: as `user_id` gave it.

        Raises:
            ValueError: no subject has this id.
        """
        if (owner := self._owners.get(user_id)) is not None:
            return owner
        if not user_id.startswith(RESERVED):
            if self._plain.fullmatch(user_id) is None or user_id in self._taken or (None, user_id) in self._assigned:
                raise ValueError("not an id that this mapping makes")
            return None, user_id
        made = _MADE.fullmatch(user_id)
        if made is None:
            raise ValueError("not an id that this mapping makes")
        try:
            subject = _UNESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), made[2].encode()).decode()
        except UnicodeDecodeError:
            raise ValueError("not an id that this mapping makes") from None
        namespace = made[1] or None
        if self.user_id(namespace, subject) != user_id:
            raise ValueError("not an id that this mapping makes")
        return namespace, subject

    def _made(self, namespace: str | None, subject: str) -> str:
        if namespace is not None and _NAMESPACE.fullmatch(namespace) is None:
            raise ValueError("a namespace is 1 to 16 of a-z and 0-9")
        try:
            octets = subject.encode()
        except UnicodeEncodeError:
            raise _unmappable("it is not valid Unicode") from None
        kept = self._escaped
        escaped = "".join(chr(octet) if octet in kept else f"@{octet:02x}" for octet in octets)
        user_id = f"{RESERVED}{namespace or ''}-{escaped}"
        if len(user_id) > LONGEST:
            raise _unmappable(f"its chat user id would be longer than {LONGEST} characters")
        if not octets:
            raise _unmappable("it is empty")
        return user_id


def _unmappable(why: str) -> Refusal:
    return Refusal(Reason.SUBJECT_UNMAPPABLE, f"The subject cannot be a chat user: {why}.")
