"""An OpenID Connect provider on loopback that holds its clients to the standard, and can be made to lie."""

import base64
import hashlib
import html
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

PEOPLE = ("ada", "mallory")
CLIENT_ID, CLIENT_SECRET = "tidegate-console", "s3cret/with:odd chars"


class OpenIdProvider:
    """Use it in a ``with`` block; in a browser, its page has a link for each of `PEOPLE` that agrees.

    Args:
        host: a name of this machine.

    Attributes:
        claims: what the next ID token says otherwise than it should; None takes a claim out.
        key: signs.
        exchanges: how many codes were exchanged.
        discoveries: how often the provider was asked what it says of itself.
        down: whether it answers that with an error, after a moment.
    """

    def __init__(self, host="127.0.0.1"):
        self.key = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
        self.published = self.key
        self.claims = {}
        self.names_itself = True
        self.issuer_shown = None
        self.exchanges = 0
        self.discoveries = 0
        self.down = False
        self.codes = {}
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://{host}:{self._server.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def authorize(self, url, subject="sub|ada"):
        """What the provider does when the person agreed: the parameters with which the browser comes back."""
        asked = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        assert url.startswith(f"{self.url}/authorize?")
        assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", CLIENT_ID, "openid")
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["state"]) == len(asked["nonce"]) == 43
        code = f"code-{len(self.codes)}"
        self.codes[code] = (asked, subject)
        given = {"state": asked["state"], "code": code}
        return {**given, "iss": self.url} if self.names_itself else given

    def token(self, headers, form):
        """The answer of the token endpoint (RFC 6749, section 4.1.4; RFC 7636, section 4.6)."""
        expected = base64.b64encode(b"tidegate-console:s3cret%2Fwith%3Aodd%20chars").decode()
        asked, subject = self.codes.pop(form.get("code"), ({}, None))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked.get("code_challenge")
        known = headers.get("Authorization") == f"Basic {expected}"
        if not (proven and known and form.get("redirect_uri") == asked.get("redirect_uri")):
            return 400, {"error": "invalid_grant"}
        self.exchanges += 1
        now = int(time.time())
        claims = {"iss": self.url, "sub": subject, "aud": CLIENT_ID, "exp": now + 300, "iat": now}
        claims = {**claims, "nonce": asked["nonce"], **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode({"alg": "ES256", "kid": "k1"}, claims, self.key)
        return 200, {"id_token": signed, "access_token": "x", "token_type": "Bearer"}


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def do_GET(self):
        provider = self.provider
        if self.path == "/jwks":
            self._answer(200, {"keys": [provider.published.as_dict(private=False)]})
            return
        provider.discoveries += 1
        if provider.down:
            time.sleep(0.1)
            self._answer(500, {})
            return
        if self.path.startswith("/authorize?"):
            self._send(200, "text/html", _page(provider, provider.url + self.path))
            return
        document = {
            "issuer": provider.issuer_shown or provider.url,
            "authorization_endpoint": f"{provider.url}/authorize",
            "token_endpoint": f"{provider.url}/token",
            "jwks_uri": f"{provider.url}/jwks",
            "authorization_response_iss_parameter_supported": provider.names_itself,
        }
        self._answer(200, document)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self._answer(*self.provider.token(self.headers, form))

    def _answer(self, status, document):
        self._send(status, "application/json", json.dumps(document).encode())

    def _send(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep the test's output clean."""


def _page(provider, url):
    """A page on which somebody agrees to be one of the people."""
    back = dict(parse_qsl(urlsplit(url).query))["redirect_uri"]
    ways = ((name, f"{back}?{urlencode(provider.authorize(url, f'sub|{name}'))}") for name in PEOPLE)
    links = "".join(f'<p><a href="{html.escape(way)}">Go on as {name}</a></p>' for name, way in ways)
    return f"<!doctype html><title>Provider</title><h1>Who are you?</h1>{links}".encode()
