"""Each test of an advisory fails when the check that it is about is taken out: shown here, one check at a time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEVER = "if False:\n"

ALLOW_LIST = ("identity/jws.py", "if header.alg not in algorithms:\n", NEVER)
KEY_ALGORITHM = ("identity/jws.py", "if header.alg not in key.algorithms:\n", NEVER)
NONE_TRUSTED = 'if header.alg in ("none", ""):\n            return keys.keys[0]\n        if False:\n'
HMAC_TRUSTED = 'if header.alg == "HS256":\n            return keys.keys[0]\n        if False:\n'

PADDED = 'segments = [*segments, b"", b""][:3]\n    if False:\n'

REMOVED = {
    "2022_29217 no algorithm is asked for": [ALLOW_LIST, KEY_ALGORITHM],
    "2022_29217 HMAC is taken on trust": [(*ALLOW_LIST[:2], HMAC_TRUSTED)],
    "44699 no algorithm is asked for": [ALLOW_LIST, KEY_ALGORITHM],
    "53861 a part of the issuer is enough": [
        (
            "identity/service.py",
            "self._by_iss.get(iss) if type(iss) is str else None",
            "next((i for k, i in self._by_iss.items() if type(iss) is str and (iss in k or k in iss)), None)",
        ),
        ("identity/claims.py", 'if get("iss") != policy.issuer and policy.preset.has_iss:\n', NEVER),
    ],
    "32597 crit is ignored": [("identity/jws.py", 'if "crit" in members:\n', NEVER)],
    "2026_178 b64 is ignored": [("identity/jws.py", 'if "b64" in members:\n', NEVER)],
    "jq35 the allow-list is not asked": [ALLOW_LIST],
    "jq35 the key's own algorithm is not asked": [KEY_ALGORITHM],
    "28802 none is an algorithm": [(*ALLOW_LIST[:2], NONE_TRUSTED)],
    "27962 signatures are not checked": [
        ("identity/jws.py", "if not key.verify(header.alg, self._signature, self._signed):\n", NEVER)
    ],
    "96760 segments are not counted": [
        (
            "identity/jws.py",
            "if len(segments) != _SEGMENTS:\n",
            PADDED,
        )
    ],
    "8wjv depth is not bounded": [("identity/strictjson.py", "if depth > max_depth:\n", NEVER)],
    "w6j9 one bad key drops the set": [
        (
            "identity/keys.py",
            "rejected.append(RejectedKey(_kid(member), str(refused)))\n",
            "raise KeySetError(str(refused)) from None\n",
        )
    ],
    "flood unknown keys have no budget": [("identity/keyring.py", "if now < self._budget_at:\n", NEVER)],
    "passing_failure a failure wipes the keys": [
        ("identity/keyring.py", "self._failures += 1\n", "self._failures += 1\n        self._keys = None\n")
    ],
    "envoy a failed fetch is an error of ours": [
        (
            "identity/keyring.py",
            "return AskOutcome.failed(max(0.0, self._due - self._clock.monotonic()))\n",
            'raise RuntimeError("fetch failed")\n',
        )
    ],
    "993g any scheme is a key URL's": [("settings/urls.py", "https?://[", "[a-z]+:/?/?[")],
    "9v7f redirects are followed": [
        ("identity/fetch.py", "if response.status_code in _REDIRECTS:\n", NEVER),
        ("identity/fetch.py", "headers=_HEADERS, follow_redirects=False", "headers=_HEADERS, follow_redirects=True"),
    ],
    "same_key_id a key id is enough": [
        (
            "identity/service.py",
            "return token.verify(keys, issuer.policy.algorithms)\n",
            "return next(key for key in keys if key.kid == token.unverified_header.kid)\n",
        )
    ],
    "category every kind is a session": [("identity/claims.py", "if kind not in policy.kinds:\n", NEVER)],
    "authorized_party azp is ignored": [("identity/claims.py", "if policy.authorized_parties:\n", NEVER)],
    "left_the_set a lost key's sessions stay": [
        ("identity/service.py", ".keys.current() is not None and who.key.live", ".keys.current() is not None")
    ],
    "worth_nothing a sandbox's keys count anywhere": [
        ("identity/keyring.py", "if owner is not None and (api_key is None or api_key not in owners):\n", NEVER)
    ],
}


@pytest.mark.stress
@pytest.mark.parametrize("name", REMOVED)
def test_the_advisorys_test_fails_without_its_check(name, tmp_path):
    for part in ("src", "tests", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    for file, check, instead in REMOVED[name]:
        path = tmp_path / "src/tidegate" / file
        text = path.read_text()
        assert text.count(check) == 1, f"{file} has no such check any more"
        path.write_text(text.replace(check, instead))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "tests/app/test_advisories.py",
            "-qx",
            "-k",
            name.split()[0],
            "-p",
            "no:xdist",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout[-2000:]
