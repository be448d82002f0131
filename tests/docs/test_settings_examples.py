"""The settings that pages show are accepted, once placeholders are filled in; every variable they name exists."""

import base64
import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.markdown import Block, all_blocks, pages
from tidegate.settings import load
from tidegate.settings.model import VARIABLES
from tidegate.tokens.mapping import SubjectMapping
from tidegate.tokens.migration import read_assigned

PEM = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
CLERK = base64.b64encode(b"clerk.example.com$").decode()
FILLED = {
    r"your.stream.api.key|your.production.api.key": "k4tq7w2mzr9x",
    r"your.stream.api.secret|your.production.api.secret": "h2c8v5n1x7b4m9q6w3e0r5t8y1u4i7o2",
    r"pk_(live|test)_\.\.\.": rf"pk_\1_{CLERK}",
    r"the.same.as.in.the.app": "f5j8p2s6v9y3b7e1h4k0n8q5t2w6z9c3",
    r"the.same.as.in.the.other.app": "g6k9q3t7w0z4c8f2i5l1o9r6u3x7a0d4",
    r'"-----BEGIN PUBLIC KEY.*"': json.dumps(PEM.decode()).replace("\\", r"\\"),
}
ALONE = re.compile(r"OIDC|^TIDEGATE_AUTHJS|\AAUTH_SECRET(?!.*TIDEGATE_ISSUERS)", re.MULTILINE | re.DOTALL)
"""Examples of an issuer that comes first."""

ELSEWHERE = {
    "STREAM_API_KEY": "k4tq7w2mzr9x",
    "STREAM_API_SECRET": "h2c8v5n1x7b4m9q6w3e0r5t8y1u4i7o2",
    "CLERK_PUBLISHABLE_KEY": f"pk_live_{CLERK}",
    "TIDEGATE_TRUSTED_PROXIES": "127.0.0.1/32",
}


def filled(text: str) -> str:
    for placeholder, value in FILLED.items():
        text = re.sub(placeholder, value, text)
    return text


@pytest.mark.parametrize("block", all_blocks("ini"), ids=str)
def test_each_settings_example_is_accepted(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "user-ids.jsonl").write_text('{"subject": "a", "user_id": "b"}\n')
    file = tmp_path / "settings.env"
    file.write_text(filled(block.text))
    names = {line.partition("=")[0] for line in block.text.splitlines() if line}
    # What the page leaves to others: credentials, an issuer if it names none, and in production a proxy.
    fields = {VARIABLES[name] for name in names} | ({"clerk_publishable_key"} if ALONE.search(block.text) else set())
    environ = {name: value for name, value in ELSEWHERE.items() if VARIABLES[name] not in fields}

    loaded = load(environ, env_file=file)

    assert loaded.unknown == ()
    assert {loaded.origins[VARIABLES[name]].partition(" ")[0] for name in names} == {"file"}


def test_the_list_of_issuers_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = [block for block in all_blocks("json") if block.page.endswith("openid-connect.md")]

    loaded = load({**ELSEWHERE, "TIDEGATE_ISSUERS": block.text.replace("\n", "")})

    assert [issuer.namespace for issuer in loaded.settings.issuers] == [None, "staff", "partners"]


def test_the_table_of_assigned_ids_is_accepted(tmp_path: Path) -> None:
    (block,) = [block for block in all_blocks("json") if block.page.endswith("migrate-user-ids.md")]
    file = tmp_path / "user-ids.jsonl"
    file.write_text(block.text)

    assigned = read_assigned(file, {"clerk": None})

    assert SubjectMapping(assigned=assigned).user_id(None, "user_2abc") == "4711"


def test_user_ids_are_made_as_the_page_says() -> None:
    text = next(page for page in pages() if page.name == "migrate-user-ids.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| (primary|one with namespace `(\w+)`) \| `([^`]+)` \|$", text, re.MULTILINE)

    assert len(rows) == 4
    for subject, _, namespace, user_id in rows:
        assert SubjectMapping().user_id(namespace or None, subject) == user_id


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_each_variable_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    named = set(re.findall(r"\b(?:TIDEGATE|CLERK|STREAM_API|STREAM_CHAT)_[A-Z][A-Z_]*[A-Z]\b", text))

    assert named - VARIABLES.keys() == set()
