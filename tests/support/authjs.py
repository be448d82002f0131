"""Sessions of Auth.js: those that Auth.js itself made, and forgeries of every kind.

The encryption is written here once more, over cryptography's primitives alone, so that a fault
of the reader cannot hide in the tests. That it is right, the vectors show.
"""

import base64
import functools
import hashlib
import hmac
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from tidegate.settings import IssuerConfig

VECTORS = Path(__file__).parents[1] / "vectors" / "authjs" / "vectors.json"
SECRET = "p8kq2xv7rn4wz9ht6jy3bm5cd1fg0slaQWERtyui"
OLD_SECRET = "zm4x7cv2bn9qw5er8ty1ui6op3as0dfgHJKLhjkl"
SECURE = "__Secure-authjs.session-token"
PLAIN = "authjs.session-token"
PLAIN_4 = "next-auth.session-token"
COOKIES = (SECURE, "__Secure-next-auth.session-token", PLAIN, PLAIN_4)
ADA = "cm3x9k2v70000aa11bb22cc33"
OPAQUE = "6f1c5d2e-9a47-4c38-8f10-0b6f1c5d2e9a"


@functools.cache
def vectors():
    return json.loads(VECTORS.read_text())


def vector(name):
    (found,) = (one for one in vectors()["sessions"] if one["name"] == name)
    return found


def now():
    return vectors()["now"]


def answer(name, version):
    """What the session route said."""
    (found,) = (one for one in vectors()["routes"] if (one["name"], one["version"]) == (name, version))
    return found["body"]


def issuer_config(**changes):
    members = {"name": "authjs", "kind": "authjs", "issuer": "authjs", "clock_skew_seconds": 15}
    return IssuerConfig.model_validate(members | {"max_age_seconds": 2_592_000} | changes)


def settings(*secrets, **changes):
    """What a gate needs to accept such sessions."""
    wrapped = tuple(SecretStr(secret) for secret in secrets or (SECRET,))
    return {"issuers": (issuer_config(),), "auth_secrets": wrapped} | changes


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def unb64(segment):
    return base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))


def hkdf(secret, salt, info, length):
    """RFC 5869."""
    pseudo = hmac.digest(salt or bytes(32), secret, hashlib.sha256)
    found, block, count = b"", b"", 0
    while len(found) < length:
        count += 1
        block = hmac.digest(pseudo, block + info + bytes([count]), hashlib.sha256)
        found += block
    return found[:length]


def key_5(secret=SECRET, cookie=SECURE):
    return hkdf(secret.encode(), cookie.encode(), f"Auth.js Generated Encryption Key ({cookie})".encode(), 64)


def key_4(secret=SECRET):
    return hkdf(secret.encode(), b"", b"NextAuth.js Generated Encryption Key", 32)


def thumbprint(key):
    document = json.dumps({"k": b64(key).decode(), "kty": "oct"}, separators=(",", ":")).encode()
    return b64(hashlib.sha512(document).digest()).decode()


def claims(moment, **changes):
    found = {"name": "Ada Lovelace", "email": "ada@example.com", "sub": ADA, "jti": "x"}
    found |= {"iat": int(moment), "exp": int(moment) + 2_592_000} | changes
    return {name: value for name, value in found.items() if value is not None}


def seal_5(payload, key=None, *, pad=True, tag=32, **header):
    """A session as version 5 makes it; a header member given as None is left out."""
    key = key or key_5()
    members = {"alg": "dir", "enc": "A256CBC-HS512", "kid": thumbprint(key)} | header
    aad, iv = _header(members), os.urandom(16)
    padder = padding.PKCS7(128).padder()
    plain = _octets(payload)
    plain = padder.update(plain) + padder.finalize() if pad else plain
    encryptor = Cipher(algorithms.AES256(key[32:]), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(plain) + encryptor.finalize()
    covered = aad + iv + ciphertext + (len(aad) * 8).to_bytes(8, "big")
    return join(aad, iv, ciphertext, hmac.digest(key[:32], covered, hashlib.sha512)[:tag])


def seal_4(payload, key=None, **header):
    """A session as version 4 makes it."""
    aad, iv = _header({"alg": "dir", "enc": "A256GCM"} | header), os.urandom(12)
    sealed = AESGCM(key or key_4()).encrypt(iv, _octets(payload), aad)
    return join(aad, iv, sealed[:-16], sealed[-16:])


def join(aad, iv, ciphertext, tag, encrypted_key=b""):
    return b".".join((aad, b64(encrypted_key), b64(iv), b64(ciphertext), b64(tag)))


def _header(members):
    return b64(_octets({name: value for name, value in members.items() if value is not None}))


def _octets(value):
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
