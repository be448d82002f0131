"""Which hosts may be vaults of Azure, and what a URL could try to make of them."""

import pytest

from support.environments import PRODUCTION, problems, without
from tidegate.settings import load
from tidegate.settings.problems import Unfit
from tidegate.settings.vaults import vault_of

SOURCED = without(PRODUCTION, "STREAM_API_KEY", "STREAM_API_SECRET")


@pytest.mark.parametrize(
    ("host", "login"),
    [
        ("chat.vault.azure.net", "login.microsoftonline.com"),
        ("chat.vault.azure.cn", "login.chinacloudapi.cn"),
        ("chat.vault.usgovcloudapi.net", "login.microsoftonline.us"),
        ("chat.managedhsm.azure.net", "login.microsoftonline.com"),
        ("chat.managedhsm.azure.cn", "login.chinacloudapi.cn"),
        ("chat.managedhsm.usgovcloudapi.net", "login.microsoftonline.us"),
    ],
)
def test_the_vaults_of_each_cloud(host, login):
    for text in (host, host.upper(), f"{host}:443"):
        vault = vault_of(f"https://{text}/secrets/stream/")
        assert (vault.url, vault.host) == (f"https://{host}/secrets/stream", host)
        assert (vault.resource, vault.login) == (f"https://{host.partition('.')[2]}", f"https://{login}")
    assert vault_of(f"https://{host}/secrets/stream/{'0a' * 16}").url.endswith("/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a")


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.vault.azure.net/secrets/x",
        "https://chat.vault.azure.net:8443/secrets/x",
        "https://vault.azure.net/secrets/x",
        "https://.vault.azure.net/secrets/x",
        "https://a.chat.vault.azure.net/secrets/x",
        "https://chat..vault.azure.net/secrets/x",
        "https://chat.vault.azure.net./secrets/x",
        "https://chat.vault.azure.net.evil.example/secrets/x",
        "https://chatvault.azure.net/secrets/x",
        "https://evil.example/chat.vault.azure.net/secrets/x",
        "https://evil.example/secrets/x",
        "https://evil.example:443@chat.vault.azure.net/secrets/x",
        "https://chat.vault.azure.net@evil.example/secrets/x",
        "https://evil.example\\@chat.vault.azure.net/secrets/x",
        "https://evil.example#.vault.azure.net/secrets/x",
        "https://evil.example?.vault.azure.net/secrets/x",
        "https://evil.example%2f.vault.azure.net/secrets/x",
        "https://chat.vault.azure.net/secrets/x?api-version=1",
        "https://chat.vault.azure.net/secrets/../keys/x",
        "https://chat.vault.azure.net/secrets/%2e%2e/x",
        "https://chat.vault.azure.net/secrets//x",
        "https://chat.vault.azure.net/keys/x",
        "https://chat.vault.azure.net/secrets/x/a/b",
        "https://chat.vault.azure.net/secrets/",
        "https://chat.vault.azure.net",
        "https://127.0.0.1/secrets/x",
        "https://[::1]/secrets/x",
        "http://localhost/secrets/x",
        "https://chat.vault.azure.n\u0435t/secrets/x",
        "https://chat.vault.azure.net/secrets/x\r\nHost: evil.example",
    ],
)
def test_what_is_no_vault(url):
    with pytest.raises(Unfit):
        vault_of(url)
    assert "TIDEGATE_CREDENTIALS_SOURCE" in problems({**SOURCED, "TIDEGATE_CREDENTIALS_SOURCE": f"azure:{url}"})


def test_another_host_has_to_be_named():
    url = "https://Vault.Internal.example:8443/secrets/stream"
    vault = vault_of(url, ["vault.internal.EXAMPLE"])
    assert (vault.host, vault.resource) == ("vault.internal.example", "https://vault.azure.net")
    for hosts in (["internal.example"], ["vault.internal.example:8443"], ["*"], [""], ["xvault.internal.example"]):
        with pytest.raises(Unfit, match="not at a vault"):
            vault_of(url, hosts)
    with pytest.raises(Unfit, match="plain http"):
        vault_of("http://vault.internal.example/secrets/stream", ["vault.internal.example"])
    given = {**SOURCED, "TIDEGATE_CREDENTIALS_SOURCE": f"azure:{url}"}
    assert "TIDEGATE_AZURE_VAULT_HOSTS" in problems(given)["TIDEGATE_CREDENTIALS_SOURCE"]
    loaded = load({**given, "TIDEGATE_AZURE_VAULT_HOSTS": "vault.internal.example"})
    assert loaded.settings.azure_vault_hosts == ("vault.internal.example",)
