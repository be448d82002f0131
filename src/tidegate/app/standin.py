"""The sandbox in place of an identity provider and of Stream, where nothing is configured."""

from pydantic import SecretStr

from tidegate.sandbox.server import SandboxServer
from tidegate.settings import Environment, IssuerConfig, Settings

BANNER = (
    "Nothing is configured, so the sandbox stands in for the identity provider and for Stream. "
    "Its sessions and tokens are real in form and worth nothing elsewhere. To use your own, "
    "set STREAM_API_KEY, STREAM_API_SECRET and CLERK_PUBLISHABLE_KEY (or TIDEGATE_OIDC_ISSUER). "
    "A session to try it with: tidegate session"
)


def stand_in(settings: Settings, *, port: int = 0) -> tuple[Settings, SandboxServer]:
    """Start a sandbox and settle on it alone: its own credentials, its own issuer.

    The sandbox's issuer is trusted only together with the credentials that the same
    sandbox has just made, so a session of its can never become a token of a real app.

    Args:
        settings: with no key, no secret and no issuer, in development.
        port: where the sandbox listens, on loopback; 0 for any free one.

    Returns:
        the settings to build from, and the running sandbox; whoever called stops it.

    Raises:
        ValueError: something is configured, or the environment is not development.
        OSError: the port is taken.
    """
    if not settings.sandbox_wanted or settings.environment is not Environment.DEVELOPMENT:
        raise ValueError("the sandbox stands in only where nothing is configured, in development")
    server = SandboxServer(port=port, state_dir=settings.state_dir)
    server.start()
    api_key, secret = server.sandbox.credentials()
    changed = {
        "api_key": api_key,
        "api_secret": SecretStr(secret),
        "base_url": server.stream_url,
        "issuers": (IssuerConfig.model_validate(server.sandbox.issuer_config()),),
    }
    return settings.model_copy(update=changed), server
