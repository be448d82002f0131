"""Where a secret of Azure Key Vault may be, so that the token for the vault goes to nobody else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tidegate.settings import urls
from tidegate.settings.problems import Unfit

_PUBLIC: Final = "https://vault.azure.net"
_LOGIN: Final = "https://login.microsoftonline.com"
_CLOUDS: Final = MappingProxyType(
    {
        f"{kind}.{domain}": login
        for domain, login in (
            ("azure.net", _LOGIN),
            ("azure.cn", "https://login.chinacloudapi.cn"),
            ("usgovcloudapi.net", "https://login.microsoftonline.us"),
        )
        for kind in ("vault", "managedhsm")
    }
)
"""What the names of vaults end in, as Microsoft publishes it for each of its clouds, and where one signs in there."""

_NAME: Final = re.compile(r"[a-z0-9-]{1,63}")
_SECRET: Final = re.compile(r"/secrets/[A-Za-z0-9-]{1,127}(?:/[A-Za-z0-9]{1,64})?")
_MEND: Final = "write it as https://NAME.vault.azure.net/secrets/SECRET; another host has to stand in {}"
HOSTS: Final = "TIDEGATE_AZURE_VAULT_HOSTS"


@dataclass(frozen=True, slots=True)
class Vault:
    """A secret of a vault.

    Attributes:
        url: of the secret, put together from its checked parts.
        host: of the vault.
        resource: what a token has to be for.
        login: where one signs in for it, where the environment does not say.
    """

    url: str
    host: str
    resource: str
    login: str


def vault_of(url: str, hosts: Sequence[str] = ()) -> Vault:
    """Take the URL of a secret apart.

    Args:
        url: as it is configured.
        hosts: further ones that may be vaults; plain http will do for one that is this machine.

    Raises:
        Unfit: it is none, or of a host that is no vault.
    """
    parts = urls.split(url)
    host, path = parts.hostname or "", parts.path.rstrip("/")
    if _SECRET.fullmatch(path) is None:
        raise Unfit("names no secret of a vault", _MEND.format(HOSTS))
    if host in {one.lower() for one in hosts}:
        urls.demand_encrypted(url, development=True)
        return Vault(f"{parts.scheme}://{parts.netloc}{path}", host, _PUBLIC, _LOGIN)
    name, _, ending = host.partition(".")
    login = _CLOUDS.get(ending)
    if login is None or _NAME.fullmatch(name) is None or parts.scheme != "https" or parts.port not in {None, 443}:
        raise Unfit("is not at a vault of Azure's", _MEND.format(HOSTS))
    return Vault(f"https://{host}{path}", host, f"https://{ending}", login)
