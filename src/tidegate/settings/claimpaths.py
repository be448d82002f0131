"""Where in a session's claims a value stands, and whether the person could have put it there."""

from dataclasses import dataclass
from typing import Final

from tidegate.settings.kinds import Words
from tidegate.settings.problems import Unfit

_LENGTH_MAX: Final = 128
_STEPS_MAX: Final = 8

# Metadata that the person's own browser may write, at any depth and under any name space in front of it.
_OWN_METADATA: Final = frozenset({"user_metadata", "unsafe_metadata", "unsafemetadata", "usermetadata"})

# The standard claims of a profile, which providers let people edit (OpenID Connect Core 1.0, section 5.1).
_OWN_CLAIMS: Final = frozenset(
    {
        "name", "given_name", "family_name", "middle_name", "first_name", "last_name", "nickname", "username",
        "preferred_username", "profile", "picture", "image", "image_url", "website", "email", "gender", "birthdate",
        "zoneinfo", "locale", "phone_number", "address",
    }
)  # fmt: skip


def steps(path: str) -> tuple[str, ...]:
    """The members that a path leads through.

    A claim whose name is a URL, as Auth0 wants custom claims called, is one member whatever dots it has.

    Args:
        path: dotted.

    Raises:
        Unfit: it is no path.
    """
    mend = "write a claim's name, with a dot between the members of nested ones: metadata.role"
    if not path or len(path) > _LENGTH_MAX or not path.isprintable() or any(one.isspace() for one in path):
        raise Unfit("has a claim that cannot be one", mend)
    if path.startswith(("https://", "http://")):
        return (path,)
    found = tuple(path.split("."))
    if not all(found) or len(found) > _STEPS_MAX:
        raise Unfit("has a claim that cannot be one", mend)
    return found


def is_own(path: str) -> bool:
    """Whether people can edit a claim about themselves, by all that is known of its name.

    Args:
        path: dotted.
    """
    members = steps(path)
    ends = {member.lower().rstrip("/").rpartition("/")[2] for member in members}
    return members[0] in _OWN_CLAIMS or not ends.isdisjoint(_OWN_METADATA)


def is_controlled(path: str, controlled: tuple[str, ...]) -> bool:
    """Whether a claim is one of those that the issuer alone writes, or inside one.

    Args:
        path: dotted.
        controlled: paths of an issuer's policy.
    """
    members = steps(path)
    within = (steps(one) for one in controlled)
    return not is_own(path) and any(members[: len(outer)] == outer for outer in within)


@dataclass(frozen=True, slots=True)
class Controlled(Words):
    """Claims that only an issuer's administrators write."""

    what: str = "claims such as metadata or app_metadata.roles"

    def element(self, text: str) -> str:
        """One claim."""
        if is_own(text):
            mend = "name claims that only your administrators write, such as public or app metadata"
            raise Unfit("has a claim that people can edit about themselves", mend)
        return text
