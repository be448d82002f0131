"""Each provider's session exchanged by the whole service, with keys over real sockets."""

import pytest
from pydantic import SecretStr

from support.gate import open_gate
from tidegate.sandbox import SHAPES
from tidegate.settings import IssuerConfig

pytestmark = pytest.mark.anyio


def configs(server, *names):
    """The issuers of these names, the first the primary one."""
    first, *further = ({**server.sandbox.issuer_config(name)} for name in names)
    return tuple(map(IssuerConfig.model_validate, (first, *({**one, "namespace": one["name"]} for one in further))))


async def test_all_of_them_at_once(sandbox, tmp_path):
    names = list(SHAPES)
    async with open_gate(sandbox, tmp_path, issuers=configs(sandbox, *names)) as gate:
        answers = {}
        for name in names:
            token = sandbox.sandbox.provider_as(name).session(sub="the-same-subject")
            answers[name] = (await gate.exchange(token)).json()
    assert {name: answer.get("user_id") for name, answer in answers.items()} == {
        name: "the-same-subject" if name == names[0] else f"tg-{name}-the-same-subject" for name in names
    }


@pytest.mark.parametrize("name", ["authjs", "nextauth"])
@pytest.mark.parametrize("way", ["bearer", "cookie", "long cookie", "database"])
async def test_an_app_with_authjs(sandbox, tmp_path, name, way):
    app = sandbox.sandbox.app_as(name)
    given = {
        "issuers": (
            IssuerConfig.model_validate({**sandbox.sandbox.issuer_config(name), "name": "authjs", "issuer": "authjs"}),
        ),
        "auth_secrets": (SecretStr(app.secret),),
        "authjs_session_url": app.settings()["TIDEGATE_AUTHJS_SESSION_URL"],
    }
    more = {"kind": "database"} if way == "database" else {"padding": "x" * 4_000} if way == "long cookie" else {}
    session = app.session("grace", sub="grace-7", **more)
    cookie = {"Cookie": app.cookie_header(session), "Sec-Fetch-Site": "same-origin"}
    bearer = {"Authorization": f"Bearer {session}"}
    async with open_gate(sandbox, tmp_path, **given) as gate:
        headers = cookie if "cookie" in way else bearer
        answer = await gate.client.post("/api/chat/token", headers=headers)
    assert (answer.status_code, answer.json()["user"]["name"]) == (200, "Grace Hopper")
    assert answer.json()["user"]["id"] == "grace-7"


@pytest.mark.parametrize(
    ("name", "way", "status", "reason"),
    [
        ("supabase", {"anonymous": True}, 403, "session_pending"),
        ("firebase", {"anonymous": True}, 403, "session_pending"),
        ("supabase", {"kind": "machine"}, 401, "token_kind_refused"),
        ("auth0", {"kind": "machine"}, 401, "token_kind_refused"),
        ("auth0", {"kind": "id"}, 401, "audience_mismatch"),
        ("cognito", {"kind": "id"}, 401, "audience_mismatch"),
        ("cognito", {"kind": "machine"}, 401, "token_kind_refused"),
        ("keycloak", {"kind": "machine"}, 401, "token_kind_refused"),
        ("keycloak", {"azp": "another-app"}, 401, "authorized_party_mismatch"),
    ],
)
async def test_what_is_no_session_of_a_person(sandbox, tmp_path, name, way, status, reason):
    async with open_gate(sandbox, tmp_path, issuers=configs(sandbox, name)) as gate:
        answer = await gate.exchange(sandbox.sandbox.provider_as(name).session(**way))
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


async def test_anonymous_people_where_they_are_asked_for(sandbox, tmp_path):
    config = sandbox.sandbox.issuer_config("supabase") | {"kinds": ["session", "anonymous"]}
    async with open_gate(sandbox, tmp_path, issuers=(IssuerConfig.model_validate(config),)) as gate:
        answer = await gate.exchange(sandbox.sandbox.provider_as("supabase").session(anonymous=True))
    assert answer.status_code == 200
