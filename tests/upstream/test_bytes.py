"""Requests to Stream, octet for octet, as stream-api.md 1.1 describes them."""

import pytest

from support.raw_stream import answer, raw_stream
from tidegate import __version__
from tidegate.credentials.signer import Signer
from tidegate.upstream.model import PartialUpdate

# The two published vectors of stream-api.md 1.2: the secret is "secret".
HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
DATED = "eyJleHAiOjE1NjY5NDEyNzIsImlhdCI6MTU2Njk0MTI3MiwidXNlcl9pZCI6InRvbW1hc28ifQ"
VECTORS = (
    (b'{"user_id":"tommaso"}', f"{HEADER}.eyJ1c2VyX2lkIjoidG9tbWFzbyJ9.v-x-jt3ZnBXXbQ0GoWloIZtVnat2IE74U1a4Yuxd63M"),
    (
        b'{"exp":1566941272,"iat":1566941272,"user_id":"tommaso"}',
        f"{HEADER}.{DATED}.3HY2O_7o5ZjZ-6KCXLzyPpHZOlNEDy6_m3iNb5DKAMY",
    ),
)


def request(line: str, port: int, token: str = "aaa.bbb.ccc", body: bytes | None = None) -> bytes:
    lines = [
        f"{line} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: keep-alive",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Content-Type: application/json",
        "Stream-Auth-Type: jwt",
        f"User-Agent: tidegate/{__version__}",
        f"X-Stream-Client: tidegate-{__version__}",
        f"Authorization: {token}",
    ]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


@pytest.mark.anyio
async def test_get_app(make_client):
    async with raw_stream() as stream, make_client(stream.url) as client:
        await client.app()
        assert stream.requests == [request("GET /app?api_key=abcd1234wxyz", stream.port)]


@pytest.mark.anyio
async def test_rate_limits(make_client):
    async with raw_stream(answer({"server_side": {}})) as stream, make_client(stream.url) as client:
        await client.rate_limits()
        line = "GET /rate_limits?api_key=abcd1234wxyz&server_side=true"
        assert stream.requests == [request(line, stream.port)]


@pytest.mark.anyio
async def test_query_users_carries_its_payload_in_the_query(make_client):
    async with raw_stream(answer({"users": []})) as stream, make_client(stream.url + "/") as client:
        await client.query_users(["ana", "bo@x"])
        payload = (
            "%7B%22filter_conditions%22%3A%7B%22id%22%3A%7B%22%24in%22%3A%5B%22ana%22%2C%22bo%40x%22%5D%7D%7D"
            "%2C%22limit%22%3A2%2C%22include_deactivated_users%22%3Atrue%7D"
        )
        line = f"GET /users?api_key=abcd1234wxyz&payload={payload}"
        assert stream.requests == [request(line, stream.port)]


@pytest.mark.anyio
async def test_upsert_users(make_client):
    async with raw_stream(answer({"users": {}}, "201 Created")) as stream, make_client(stream.url) as client:
        await client.upsert_users([{"id": "ana", "name": "Aña"}, {"id": "bo"}])
        body = '{"users":{"ana":{"id":"ana","name":"Aña"},"bo":{"id":"bo"}}}'.encode()
        assert stream.requests == [request("POST /users?api_key=abcd1234wxyz", stream.port, body=body)]


@pytest.mark.anyio
async def test_update_users_partial(make_client):
    async with raw_stream(answer({"users": {}})) as stream, make_client(stream.url) as client:
        await client.update_users_partial([PartialUpdate("ana", {"name": "A"}), PartialUpdate("bo", unset=("image",))])
        body = b'{"users":[{"id":"ana","set":{"name":"A"}},{"id":"bo","unset":["image"]}]}'
        assert stream.requests == [request("PATCH /users?api_key=abcd1234wxyz", stream.port, body=body)]


@pytest.mark.anyio
@pytest.mark.parametrize(("claims", "token"), VECTORS)
async def test_a_published_token_travels_bare_and_unchanged(make_client, claims, token):
    signer = Signer("secret")
    async with raw_stream() as stream, make_client(stream.url, token=lambda: signer.sign(claims)) as client:
        await client.app()
        assert stream.requests == [request("GET /app?api_key=abcd1234wxyz", stream.port, token)]


@pytest.mark.anyio
async def test_a_key_with_odd_characters_stays_one_value(make_client):
    async with raw_stream() as stream, make_client(stream.url, key="a&b=c/") as client:
        await client.app()
        assert stream.requests[0].startswith(b"GET /app?api_key=a%26b%3Dc%2F HTTP/1.1\r\n")


@pytest.mark.anyio
async def test_a_base_url_with_a_path_keeps_it(make_client):
    async with raw_stream() as stream, make_client(stream.url + "/stream") as client:
        await client.app()
        assert stream.requests[0].startswith(b"GET /stream/app?api_key=")
