"""The two error shapes."""

import json

import pytest

from tidegate.errors import REASONS, LimitExceeded, Reason, Refusal
from tidegate.http.faces import ErrorShapes, Face, face_of

DOCS = "https://docs.example/reasons/"


def test_the_shape_of_a_problem():
    answer = ErrorShapes(DOCS, detailed=True).answer(
        Refusal(Reason.TOKEN_EXPIRED, "It is over."), Face.MOBILE, "req-1", 1_700_000_000
    )
    assert answer.status == 401
    assert json.loads(answer.body) == {
        "type": "https://docs.example/reasons/token_expired",
        "title": "The session has expired.",
        "status": 401,
        "detail": "It is over.",
        "reason": "token_expired",
        "request_id": "req-1",
    }
    assert dict(answer.headers) == {
        b"content-type": b"application/problem+json",
        b"www-authenticate": b'Bearer error="invalid_token"',
    }


def test_the_type_of_a_problem_stays_a_name_where_no_documentation_is_published():
    answer = ErrorShapes("", detailed=True).answer(
        Refusal(Reason.TOKEN_EXPIRED, "It is over."), Face.MOBILE, "req-1", 0
    )
    assert json.loads(answer.body)["type"] == "https://tidegate.example/docs/reasons/token_expired"


@pytest.mark.parametrize(("detailed", "error"), [(True, "It is over."), (False, "The session has expired.")])
def test_the_shape_of_the_web_face(detailed, error):
    answer = ErrorShapes(DOCS, detailed=detailed).answer(
        Refusal(Reason.TOKEN_EXPIRED, "It is over."), Face.WEB, "req-1", 1_700_000_000
    )
    assert json.loads(answer.body) == {
        "success": False,
        "error": error,
        "reason": "token_expired",
        "timestamp": "2023-11-14T22:13:20Z",
    }
    assert dict(answer.headers)[b"content-type"] == b"application/json"


def test_a_missing_token_is_challenged_without_an_error():
    answer = ErrorShapes(DOCS, detailed=True).answer(Refusal(Reason.TOKEN_MISSING, "x"), Face.MOBILE, "r", 0)
    assert dict(answer.headers)[b"www-authenticate"] == b"Bearer"


def test_a_spent_limit_says_so_in_headers():
    refusal = LimitExceeded(Reason.LIMIT_SUBJECT, limit=60, period=60, retry_after=7)
    headers = dict(ErrorShapes(DOCS, detailed=True).answer(refusal, Face.WEB, "r", 0).headers)
    assert headers[b"retry-after"] == b"7"
    assert headers[b"ratelimit-policy"] == b'"subject";q=60;w=60'
    assert headers[b"ratelimit"] == b'"subject";r=0;t=7'
    assert (headers[b"ratelimit-limit"], headers[b"ratelimit-remaining"], headers[b"ratelimit-reset"]) == (
        b"60",
        b"0",
        b"7",
    )


@pytest.mark.parametrize("reason", [reason for reason, spec in REASONS.items() if spec.status in (429, 503)])
def test_whoever_is_to_wait_is_told_how_long(reason):
    if REASONS[reason].status == 429:
        refusal = LimitExceeded(reason, limit=1, period=60, retry_after=3)
    else:
        refusal = Refusal(reason, "x")
    answer = ErrorShapes(DOCS, detailed=True).answer(refusal, Face.MOBILE, "r", 0)
    assert int(dict(answer.headers)[b"retry-after"]) >= 1


@pytest.mark.parametrize(
    ("path", "face"),
    [("/stream/token", Face.MOBILE), ("/", Face.MOBILE), ("/api", Face.MOBILE), ("/api/x", Face.WEB)],
)
def test_everything_under_api_is_the_web_face(path, face):
    assert face_of(path) is face
