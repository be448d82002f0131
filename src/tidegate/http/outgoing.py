"""Trust in servers that we call: one context for all clients, since loading certificates is slow."""

import functools
import ssl

import httpx2


@functools.cache
def trust() -> ssl.SSLContext:
    """The platform's trusted authorities; the environment cannot change them."""
    return httpx2.create_ssl_context(trust_env=False)
