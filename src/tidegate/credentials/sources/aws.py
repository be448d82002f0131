"""Pairs from AWS Secrets Manager; with the optional requirement ``tidegate[aws]``."""

from typing import Any, Final

from tidegate.credentials.sources.document import parse
from tidegate.credentials.sources.model import Pairs, SourceError

_ATTEMPTS: Final = 2


class AwsSource:
    """One secret, whose current version is a JSON document.

    Region, address and identity are AWS's own matter: ``AWS_REGION``, ``AWS_ENDPOINT_URL_SECRETS_MANAGER``, keys
    in the environment, the role of a container or an instance.

    Args:
        secret_id: name or ARN of the secret.
        timeout_s: seconds for connecting, and for reading.

    Raises:
        SourceError: the requirement is not installed, or no region is configured.
    """

    def __init__(self, secret_id: str, *, timeout_s: float = 5.0) -> None:
        try:
            from botocore import exceptions, session
            from botocore.config import Config
        except ImportError:
            raise SourceError("reading from AWS needs more packages; install tidegate[aws]") from None
        self._secret_id = secret_id
        # Half of the time for each, since there are two attempts.
        config = Config(
            connect_timeout=timeout_s / _ATTEMPTS,
            read_timeout=timeout_s / _ATTEMPTS,
            retries={"total_max_attempts": _ATTEMPTS},
        )
        self._failures: tuple[type[Exception], ...] = (exceptions.BotoCoreError, exceptions.ClientError)
        try:
            self._client: Any = session.get_session().create_client("secretsmanager", config=config)
        except self._failures as error:
            raise SourceError(f"AWS is not configured: {type(error).__name__}") from None

    @property
    def name(self) -> str:
        """The secret's name."""
        return f"AWS secret {self._secret_id}"

    def read(self) -> Pairs:
        """The current version.

        Raises:
            SourceError: AWS refused or could not be reached, or the secret is no such document.
        """
        try:
            answer = self._client.get_secret_value(SecretId=self._secret_id)
        except self._failures as error:
            raise SourceError(f"AWS gave no secret: {_code(error)}") from None
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise SourceError("the secret is binary; it must be a JSON document")
        created = answer.get("CreatedDate")
        return parse(text.encode("utf-8", "replace"), made_at=created.timestamp() if created else None)


def _code(error: Exception) -> str:
    """AWS's own code, such as ``AccessDeniedException``; its message may repeat what was sent."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    code = response.get("Error", {}).get("Code")
    return str(code) if code else type(error).__name__
