"""The rules for an app's source tree. Pure."""

from types import MappingProxyType
from typing import Final

from tidegate.watch.doctor.model import Rule, Severity

_E, _W = Severity.ERROR, Severity.WARNING

_ROWS: Final = (
    Rule(
        "public-secret",
        _E,
        "A secret has a name whose values a bundler writes into the app.",
        "NEXT_PUBLIC_, EXPO_PUBLIC_, VITE_ and their like are for what everybody may read; everybody reads it.",
        "Give it a name without that prefix, read it on the server only, and replace the secret.",
    ),
    Rule(
        "dev-token",
        _E,
        "devToken( is used.",
        "Such tokens are not signed: they work only with authentication checks off, and then anybody is anybody.",
        "Get the token from Tidegate, and see that authentication checks are on in Stream's dashboard.",
    ),
    Rule(
        "secret-in-bundle",
        _E,
        "What is delivered to clients speaks of Stream's secret, or holds a text that looks like it.",
        "Whoever has the app has the bundle, and whoever has the secret makes tokens for anybody.",
        "Take the code that uses the secret out of the client, build again, and replace the secret if it was in it.",
    ),
    Rule(
        "secret-in-code",
        _E,
        "A text that looks like Stream's secret is written into the code.",
        "It is in the history of the repository, and in the hands of all who ever read it.",
        "Replace the secret, and keep the new one in the environment of Tidegate alone.",
    ),
    Rule(
        "secret-value",
        _E,
        "The value of a secret is in a file.",
        "It can be copied, committed and delivered with that file.",
        "Remove it from the file and replace the secret.",
    ),
    Rule(
        "env-committed",
        _E,
        "A file of settings with a secret is in the repository.",
        "Its history keeps the secret, also when the file is removed.",
        "Take the file out (git rm --cached), list it in .gitignore, and replace the secret.",
    ),
    Rule(
        "exp-in-milliseconds",
        _E,
        "A time of a token is given in milliseconds.",
        "exp, iat and nbf count seconds (RFC 7519, section 2): this token is valid for thousands of years, or refused.",
        "Write Math.floor(Date.now() / 1000).",
    ),
    Rule(
        "seconds-as-milliseconds",
        _W,
        "A number of seconds is used where milliseconds belong.",
        "Date counts milliseconds: what looks like an hour is four seconds, and a token seems to have ended in 1970.",
        "Multiply seconds by 1000. expires_at in Tidegate's answers is a time as text: new Date(expires_at) reads it.",
    ),
    Rule(
        "cors-wildcard",
        _W,
        "Every web page may call.",
        "A page that somebody visits can ask in their name, and read the answer.",
        "Name the origins of your own apps; TIDEGATE_CORS_ORIGINS does so for Tidegate.",
    ),
    Rule(
        "token-in-client",
        _E,
        "A token is made in the client.",
        "For that the client needs the secret, and with it anybody makes tokens for anybody.",
        "Ask Tidegate for the token, and replace the secret if it ever was in the client.",
    ),
    Rule(
        "user-id-from-request",
        _E,
        "A token is made for the user id that the request names.",
        "Whoever asks chooses who they are.",
        "Take the user id from the verified session, as Tidegate does; ask it for the token.",
    ),
)

RULES: Final = MappingProxyType({rule.id: rule for rule in _ROWS})
"""Every rule by its id, in the order in which they are shown."""
