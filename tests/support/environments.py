"""Environments to vary, and what is wrong with them."""

import base64
from pathlib import Path

import pytest

from tidegate.settings import Loaded, SettingsError, load

SECRET = "k3yq8zt7wv5xu2ns4rm6pj9hg1fc0dbaqzwsxedcrfvtgbyhnujm"
KEY = "q7w2x9c4v8b5"


def publishable_key(host: str, *, live: bool = True) -> str:
    return f"pk_{'live' if live else 'test'}_{base64.b64encode(f'{host}$'.encode()).decode()}"


DEVELOPMENT = {
    "STREAM_API_KEY": KEY,
    "STREAM_API_SECRET": SECRET,
    "CLERK_PUBLISHABLE_KEY": publishable_key("calm-otter-12.clerk.accounts.dev", live=False),
}
PRODUCTION = {
    "STREAM_CHAT_ENVIRONMENT": "production",
    "STREAM_API_KEY": KEY,
    "STREAM_API_SECRET": SECRET,
    "CLERK_PUBLISHABLE_KEY": publishable_key("clerk.example.com"),
    "CLERK_AUTHORIZED_PARTIES": "https://app.example.com",
    "TIDEGATE_TRUSTED_PROXIES": "10.0.0.0/8",
}


def without(environment: dict[str, str], *names: str) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name not in names}


def problems(environment: dict[str, str], **more) -> dict[str, str]:
    """Variable to the whole line, for every problem."""
    with pytest.raises(SettingsError) as caught:
        load(environment, **more)
    return {problem.variable: str(problem) for problem in caught.value.problems}


def loads(environment: dict[str, str], *, env_file: Path | None = None) -> Loaded:
    return load(environment, env_file=env_file)
