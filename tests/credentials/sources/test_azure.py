"""Pairs from Azure Key Vault: its published HTTP behaviour, over a socket."""

import json
from urllib.parse import parse_qs

import pytest

from tidegate.credentials.sources import SourceError
from tidegate.credentials.sources.azure import API_VERSION, AzureSource

PAIRS = {"STREAM_API_KEY": "key-one", "STREAM_API_SECRET": "secret-one"}
CLIENT = {"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": "azure-secret"}
PATH = "/secrets/stream"


@pytest.fixture
def vault(httpserver):
    """A vault that answers whoever signed in."""
    httpserver.expect_request(
        PATH, query_string={"api-version": API_VERSION}, headers={"Authorization": "Bearer a-token"}
    ).respond_with_json({"value": json.dumps(PAIRS), "attributes": {"created": 1_700_000_000, "enabled": True}})
    return httpserver


def signs_in(server, life=3600):
    server.expect_request("/tenant/oauth2/v2.0/token", method="POST").respond_with_json(
        {"token_type": "Bearer", "access_token": "a-token", "expires_in": life}
    )


def source(server, environ):
    base = server.url_for("").rstrip("/")
    return AzureSource(base + PATH, [server.host], timeout_s=2, environ={"AZURE_AUTHORITY_HOST": base, **environ})


def forms(server):
    return [
        {name: values[0] for name, values in parse_qs(request.get_data(as_text=True)).items()}
        for request, _ in server.log
        if request.method == "POST"
    ]


def test_a_client_with_a_secret_signs_in_once(vault):
    signs_in(vault)
    reading = source(vault, CLIENT)
    for _ in range(2):
        pair = reading.read().current
        assert (pair.api_key, pair.secret, pair.made_at) == ("key-one", "secret-one", 1_700_000_000)
    assert forms(vault) == [
        {
            "grant_type": "client_credentials",
            "client_id": "client",
            "scope": "https://vault.azure.net/.default",
            "client_secret": "azure-secret",
        }
    ]


def test_a_federated_workload(vault, tmp_path):
    (tmp_path / "token").write_text("a.workloads.token\n")
    signs_in(vault)
    environ = {**CLIENT, "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")}
    assert source(vault, environ).read().current.secret == "secret-one"
    (form,) = forms(vault)
    assert form["client_assertion"] == "a.workloads.token"
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in form


def test_the_managed_identity_of_an_app_service(vault):
    vault.expect_request(
        "/msi",
        query_string={"api-version": "2019-08-01", "resource": "https://vault.azure.net"},
        headers={"X-IDENTITY-HEADER": "proof"},
    ).respond_with_json({"access_token": "a-token", "expires_in": "3600"})
    environ = {"IDENTITY_ENDPOINT": vault.url_for("/msi"), "IDENTITY_HEADER": "proof"}
    assert source(vault, environ).read().current.api_key == "key-one"


def test_a_token_that_ends_soon_is_not_kept(vault):
    signs_in(vault, life=60)
    reading = source(vault, CLIENT)
    reading.read()
    reading.read()
    assert len(forms(vault)) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (({"error": {"code": "Forbidden"}}, 403), "status 403"),
        (({"value": None}, 200), "no secret"),
        (({"value": "not json secret-one"}, 200), "not JSON"),
        (({"value": '{"STREAM_API_KEY": "key-one"}'}, 200), "only one of"),
        (([], 200), "no JSON object"),
        (({"value": "x" * 200_000}, 200), "more than"),
    ],
)
def test_what_a_vault_can_answer_instead(httpserver, answer, said):
    signs_in(httpserver)
    httpserver.expect_request(PATH).respond_with_json(answer[0], status=answer[1])
    with pytest.raises(SourceError) as caught:
        source(httpserver, CLIENT).read()
    assert said in str(caught.value)
    for hidden in ("secret-one", "azure-secret", "a-token"):
        assert hidden not in str(caught.value)


def test_a_redirect_is_not_followed(httpserver):
    signs_in(httpserver)
    httpserver.expect_request(PATH).respond_with_data(
        "", status=302, headers={"Location": httpserver.url_for("/elsewhere")}
    )
    with pytest.raises(SourceError, match="status 302"):
        source(httpserver, CLIENT).read()
    assert [request.path for request, _ in httpserver.log if request.method == "GET"] == [PATH]


def test_a_refused_token_is_not_kept(httpserver):
    signs_in(httpserver)
    httpserver.expect_request(PATH).respond_with_json({}, status=401)
    reading = source(httpserver, CLIENT)
    for _ in range(2):
        with pytest.raises(SourceError, match="status 401"):
            reading.read()
    assert len(forms(httpserver)) == 2


@pytest.mark.parametrize("url", ["http://vault.example/secrets/x", "file:///etc/passwd", "vault"])
def test_a_secret_does_not_travel_unencrypted(url):
    with pytest.raises(SourceError, match="URL of the secret"):
        AzureSource(url, ["vault.example"], environ={})


def test_nobody_is_asked_for_a_token_that_would_go_to_a_host_that_is_no_vault(vault):
    signs_in(vault)
    base = vault.url_for("").rstrip("/")
    with pytest.raises(SourceError, match="not at a vault of Azure's"):
        AzureSource(base + PATH, environ={"AZURE_AUTHORITY_HOST": base, **CLIENT})
    assert vault.log == []


@pytest.mark.parametrize("ending", ["vault.azure.cn", "vault.usgovcloudapi.net"])
def test_the_token_is_for_the_cloud_of_the_vault(httpserver, ending):
    signs_in(httpserver)
    environ = {"AZURE_AUTHORITY_HOST": httpserver.url_for("").rstrip("/"), **CLIENT}
    reading = AzureSource(f"https://stream.{ending}{PATH}", environ=environ)
    reading._url = "https://127.0.0.1:1/"
    with pytest.raises(SourceError, match="the vault of Azure cannot be reached"):
        reading.read()
    assert [form["scope"] for form in forms(httpserver)] == [f"https://{ending}/.default"]


def test_a_vault_that_is_down(httpserver):
    signs_in(httpserver)
    base = httpserver.url_for("").rstrip("/")
    with pytest.raises(SourceError, match="cannot be reached"):
        AzureSource(
            "http://127.0.0.1:1/secrets/x", ["127.0.0.1"], environ={"AZURE_AUTHORITY_HOST": base, **CLIENT}
        ).read()
