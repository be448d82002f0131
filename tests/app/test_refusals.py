"""Answers that the server gives itself."""

import json

import pytest

from tidegate.app.refusals import Answers


@pytest.mark.parametrize(
    ("published", "type_"),
    [
        ("https://docs.example/reasons/", "https://docs.example/reasons/body_too_large"),
        ("", "https://tidegate.example/docs/reasons/body_too_large"),
    ],
)
def test_a_problem_has_its_type_whether_documentation_is_published_or_not(published, type_):
    _, body = Answers(published).render("message_bytes", b"/stream/token").split(b"\r\n\r\n")
    assert json.loads(body)["type"] == type_
