"""The bench issuer: one RSA key, its key set on loopback, and a pool of sessions signed beforehand.

Signing costs about a millisecond, forty times what is to be measured, so it is
done before; the pool is kept and used again while its sessions have half an hour left.
"""

import base64
import hashlib
import json
import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
PORT = 18_440
ISSUER = f"http://127.0.0.1:{PORT}"
KID = "ins_2bench00000000000000000001"
POOL_SIZE = 150_000
LIFE_SECONDS = 3600
LEFT_SECONDS = 1800
_CHUNK = 2500


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def signing_key() -> rsa.RSAPrivateKey:
    """The key of the bench's issuer; made if there is none."""
    path = CACHE / "issuer.pem"
    if path.exists():
        loaded = serialization.load_pem_private_key(path.read_bytes(), None)
        if not isinstance(loaded, rsa.RSAPrivateKey):
            raise TypeError(f"{path} holds no RSA key")
        return loaded
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    CACHE.mkdir(parents=True, exist_ok=True)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return key


def key_set() -> dict[str, object]:
    """The JWKS document (RFC 7517, section 5)."""
    numbers = signing_key().public_key().public_numbers()
    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID, "e": "AQAB", "n": _base64url(modulus)}
    return {"keys": [key]}


def _name(kind: str, number: int) -> str:
    return f"{kind}_2" + hashlib.sha256(f"{kind}{number}".encode()).hexdigest()[:26]


def claims(number: int, now: int, *, profile: bool) -> dict[str, object]:
    """What a Clerk session of a native app says; its life is an hour instead of a minute.

    Clerk puts no name into a session unless a team adds it; with ``profile`` a team did.
    """
    said: dict[str, object] = {
        "exp": now + LIFE_SECONDS,
        "fva": [number % 500, -1],
        "iat": now,
        "iss": ISSUER,
        "jti": hashlib.sha256(f"jti{number}{now}".encode()).hexdigest()[:20],
        "nbf": now - 10,
        "sid": _name("sess", number),
        "sts": "active",
        "sub": _name("user", number),
        "v": 2,
    }
    if profile:
        said |= {"name": f"Person {number}", "picture": f"https://img.example.com/{number}"}
    return said


def sessions_of(count: int, now: int) -> list[str]:
    """So many signed sessions, no two of the same person."""
    return _sign(0, count, now, False).splitlines()  # as an executor passes it


def _sign(first: int, count: int, now: int, profile: bool) -> str:  # noqa: FBT001  # an executor passes it by place
    key = signing_key()
    header = _base64url(
        json.dumps({"alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": KID, "typ": "JWT"}, separators=(",", ":")).encode()
    )
    lines = []
    for number in range(first, first + count):
        payload = json.dumps(claims(number, now, profile=profile), separators=(",", ":")).encode()
        signed = f"{header}.{_base64url(payload)}"
        signature = key.sign(signed.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        lines.append(f"{signed}.{_base64url(signature)}\n")
    return "".join(lines)


def pool(size: int = POOL_SIZE, *, profile: bool = False) -> Path:
    """The file of sessions, one a line; made if there is none with enough life left."""
    name = "profiles" if profile else "pool"
    facts_path, path = CACHE / f"{name}.json", CACHE / f"{name}.txt"
    if facts_path.exists() and path.exists():
        facts = json.loads(facts_path.read_text())
        if facts["issuer"] == ISSUER and facts["size"] >= size and facts["expires_at"] - time.time() > LEFT_SECONDS:
            return path
    signing_key()
    print(f"signing {size} sessions (kept for the next half hour) ...", flush=True)
    began = time.perf_counter()
    now = int(time.time())
    with ProcessPoolExecutor(os.cpu_count()) as workers, path.open("w") as file:
        jobs = [
            workers.submit(_sign, first, min(_CHUNK, size - first), now, profile) for first in range(0, size, _CHUNK)
        ]
        for job in jobs:
            file.write(job.result())
    facts_path.write_text(json.dumps({"issuer": ISSUER, "size": size, "expires_at": now + LIFE_SECONDS}))
    print(f"signed in {time.perf_counter() - began:.0f} s", flush=True)
    return path


class KeyServer:
    """The key set on loopback, in a thread; a context manager."""

    def __init__(self) -> None:
        document = json.dumps(key_set()).encode()
        counter = self
        self.fetches = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # as the base class calls it
                counter.fetches += 1
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Cache-Control", "public, max-age=3600")
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
        self.url = f"{ISSUER}/.well-known/jwks.json"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


if __name__ == "__main__":
    print(pool())
