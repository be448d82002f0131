"""Nobody but the verifier makes a verified subject."""

import ast
import copy
import dataclasses
import pickle
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from support.issuing import NOW, any_key_set, clerk_claims, clerk_policy, subject
from tidegate.errors import Reason
from tidegate.identity.model import NO_PARTICULARS, IssuerPolicy, KeysNeeded, TokenKind, VerifiedSubject
from tidegate.settings import IssuerConfig
from tidegate.settings.presets import CLERK, OIDC

SOURCE = Path(__file__).parents[2] / "src" / "tidegate"


@pytest.mark.parametrize("proof", [None, object(), True, "proof", NO_PARTICULARS])
def test_direct_construction_is_refused(proof):
    key = any_key_set().keys[0]
    with pytest.raises(TypeError, match="verifier alone"):
        VerifiedSubject(proof, clerk_policy(), key, "admin", None, TokenKind.SESSION, NOW, None, NO_PARTICULARS)


def test_a_real_one_is_no_proof_for_another():
    who = subject()
    with pytest.raises(TypeError, match="verifier alone"):
        VerifiedSubject(who, who.policy, who.key, "admin", None, who.kind, NOW, None, NO_PARTICULARS)


@pytest.mark.parametrize(
    "trick",
    [
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda who: dataclasses.replace(who, subject="admin"),
        lambda who: copy.replace(who, subject="admin") if sys.version_info >= (3, 13) else copy.copy(who),
        lambda who: who.__reduce_ex__(2),
        lambda who: who.__reduce__(),
    ],
)
def test_neither_copied_nor_replaced_nor_pickled(trick):
    with pytest.raises(TypeError):
        trick(subject())


@pytest.mark.parametrize("name", ["subject", "policy", "expires_at", "issuer", "anything"])
def test_immutable(name):
    who = subject()
    with pytest.raises(AttributeError, match="cannot be changed"):
        setattr(who, name, "admin")
    with pytest.raises(AttributeError, match="cannot be changed"):
        delattr(who, name)
    assert who.subject == clerk_claims()["sub"]


def test_no_subclass_that_leaves_the_proof_out():
    with pytest.raises(TypeError, match="no subclasses"):
        type("Forged", (VerifiedSubject,), {"__init__": object.__init__})


def test_one_made_around_the_constructor_is_empty():
    hollow = object.__new__(VerifiedSubject)
    for name in ("subject", "issuer", "namespace", "expires_at", "key"):
        with pytest.raises(AttributeError):
            getattr(hollow, name)


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("tidegate.identity.model._PROOF", {"identity/claims.py"}),
        ("tidegate.identity.claims", {"identity/service.py"}),
    ],
)
def test_the_proof_and_the_judge_are_in_the_verifiers_hands_alone(name, allowed):
    users = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if name in _imports(path)}
    assert users == allowed


def test_a_clerk_session_is_lean():
    who = subject()
    own = (who, who.subject, who.session_id, who.expires_at)
    assert sum(map(sys.getsizeof, own)) <= 300
    assert who.particulars is NO_PARTICULARS
    assert who.issued_at == NOW


def test_repr_tells_nothing_about_the_person():
    who = subject(clerk_claims(name="Ada", email="ada@example.com"))
    assert repr(who) == "<VerifiedSubject of issuer clerk, session>"


def test_keys_needed_keeps_the_unverified_kid_out_of_its_messages():
    needed = KeysNeeded("clerk", "kid-of-a-stranger")
    assert "stranger" not in str(needed) + repr(needed) + needed.refusal().detail
    assert needed.refusal().reason is Reason.KEY_UNKNOWN
    assert needed.refusal(None).retry_after is None
    assert needed.unavailable().reason is Reason.IDENTITY_UNAVAILABLE


def test_no_keys_at_all_is_our_failure_and_always_says_when_to_come_back():
    needed = KeysNeeded("clerk", None)
    assert needed.refusal(7).reason is Reason.IDENTITY_UNAVAILABLE
    assert needed.refusal(7).retry_after == 7
    assert needed.refusal(None).retry_after == 30


def _config(**members):
    return IssuerConfig(name="main", kind="clerk", issuer="https://clerk.example.com", **members)


def test_policy_from_defaults():
    policy = IssuerPolicy.from_config(_config())
    controlled = ("o.id", "org_id", "public_metadata")
    assert policy == IssuerPolicy(
        "main", "https://clerk.example.com", frozenset({"RS256"}), preset=CLERK, controlled_claims=controlled
    )


def test_policy_from_everything():
    policy = IssuerPolicy.from_config(
        _config(
            audience=("a", "b"),
            authorized_parties=("https://app.example.com",),
            azp="required",
            pending="allow",
            impersonation="refuse",
            kinds=("session", "template"),
            namespace="second",
            clock_skew_seconds=9,
            max_age_seconds=3600,
        ),
        user_id_claim="chat_id",
    )
    assert policy == IssuerPolicy(
        name="main",
        issuer="https://clerk.example.com",
        algorithms=frozenset({"RS256"}),
        preset=CLERK,
        namespace="second",
        audience=frozenset({"a", "b"}),
        authorized_parties=frozenset({"https://app.example.com"}),
        party_required=True,
        refuse_pending=False,
        refuse_impersonation=True,
        kinds=frozenset({"session", "template"}),
        skew=9,
        max_age=3600,
        user_id_claim="chat_id",
        controlled_claims=("o.id", "org_id", "public_metadata"),
    )


def test_policy_azp_off_checks_no_party():
    policy = IssuerPolicy.from_config(_config(authorized_parties=("https://app.example.com",), azp="off"))
    assert not policy.authorized_parties
    assert not policy.party_required


def test_every_kind_but_other_can_be_configured():
    kinds = tuple(kind.value for kind in TokenKind if kind is not TokenKind.OTHER)
    assert IssuerPolicy.from_config(_config(kinds=kinds)).kinds == frozenset(kinds)
    with pytest.raises(ValidationError):
        _config(kinds=("other",))


def test_policy_of_another_provider_is_not_held_to_clerks_kinds():
    config = IssuerConfig(name="own", kind="oidc", issuer="https://login.example.com/")
    policy = IssuerPolicy.from_config(config)
    assert policy.preset is OIDC
    assert policy.issuer == "https://login.example.com/"
