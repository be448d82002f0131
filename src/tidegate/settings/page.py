"""The documentation page of all settings: ``python -m tidegate.settings.page > docs/settings.md``."""

import sys
from collections.abc import Iterator
from typing import Final

from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.model import SECTIONS, SPECS, Settings
from tidegate.settings.presets import PRESETS, PUBLIC_KEY_ALGORITHMS, Preset
from tidegate.settings.spec import Section, Spec

_HEAD: Final = """\
# Settings

<!-- Made by `python -m tidegate.settings.page` from the declarations in `src/tidegate/settings/`. -->

Settings are read once, at start. `tidegate config show` prints the effective ones with the origin of each, `tidegate
config check` goes through the production checklist. If anything is wrong the service does not start: it prints every
problem, one a line, and exits with status 2.

## Where a value comes from

The command line counts before the process environment, that before the file, that before the default. A variable that
is set to nothing counts as unset. Where a setting has several names, they are aliases: two that are set and differ are
an error. The values of secrets are shown nowhere.

The file has `NAME=value` lines, of which nothing is expanded. In development it is `.env` in the working directory, if
there is one. In production and staging a file is read only if `TIDEGATE_ENV_FILE` names it, and an unnamed `.env` that
says production or staging is an error: name it with `TIDEGATE_ENV_FILE=.env`. So is an unnamed one that says where
Stream, the console's provider, the webhook of alerts or a database is, while credentials that it does not hold would be
used there: whoever works in somebody else's folder sends their secrets, or what these sign, to nobody.

Every number is a bound or a rule: [Limits](limits.md) says which metric tells of each bound, and
[decision 9](decisions/0009-bounds-without-a-setting.md) why a few bounds have no setting.

A secret under a name that begins with `NEXT_PUBLIC_` is an error, because such a variable is in the browser. Variables
that begin with `TIDEGATE_` and are no setting are warned of, with the nearest name if one is near. So are those that
begin with `STREAM_` or `CLERK_`, if they look like a misspelt setting and are not known to be other programs'.

## What key and secret must look like

Both are at least 10 characters long, different from each other and no placeholder such as `your_stream_api_key`. In
production and staging both must be there; in development either both, or neither and no issuer, which starts the
sandbox. In production the secret has at least 20 characters (elsewhere a shorter one is warned of), and the key does
not contain `demo`, `test` or `dev`; a random key can contain one of them by chance, about twice in ten thousand, for
which there is `TIDEGATE_ACCEPT_API_KEY_WORDS=true`. That the two belong together, only a call to Stream can show:
`tidegate config check --live`.
"""

_ISSUERS: Final = """\

## The members of `TIDEGATE_ISSUERS`

The list adds to the issuers that follow from the variables of Clerk, OpenID Connect and Auth.js, which come first, in
this order. An element of kind `authjs` says instead where the app of `AUTH_SECRET` stands, or is a further app, whose
secret stands under its name in `TIDEGATE_AUTHJS_SECRETS`. The first issuer of all is the primary one: it has no
namespace, so that its users keep their plain ids.
Every further one needs a `namespace` that never changes, or two people could become one. Unknown members are refused.

| member | default | meaning |
| --- | --- | --- |
"""

_EXAMPLE: Final = """
```
TIDEGATE_ISSUERS='[{"name": "partner", "kind": "oidc", "issuer": "https://login.partner.example", "namespace": "p1"}]'
```
"""


def render() -> str:
    """The whole page.

    Returns:
        Markdown that ends in a line break.
    """
    return "".join((_HEAD, *_sections(), _ISSUERS, *_members(), _EXAMPLE, _PRESETS, *_presets()))


def _sections() -> Iterator[str]:
    for section in SECTIONS:
        heading = (section.__doc__ or "").strip().removesuffix(".")
        yield f"\n## {heading}\n\n| variable | default | value | meaning |\n| --- | --- | --- | --- |\n"
        yield from _rows(section)


def _rows(section: type[Section]) -> Iterator[str]:
    defaults = Settings()
    for field in section.model_fields:
        spec = SPECS[field]
        names = "<br>".join(f"`{name}`" for name in spec.variables)
        yield f"| {names} | {_default(spec, getattr(defaults, field))} | {spec.kind.form()} | {spec.meaning} |\n"


def _default(spec: Spec, value: object) -> str:
    text = spec.kind.write(value)
    return spec.default or (f"`{text}`" if text else "unset")


def _members() -> Iterator[str]:
    meanings = _attributes(IssuerConfig.__doc__ or "")
    for name, field in IssuerConfig.model_fields.items():
        yield f"| `{name}` | {_MEMBER_DEFAULTS.get(name) or _shown(field.get_default())} | {meanings[name]} |\n"


_PRESETS: Final = """\

## The presets

With `"preset"` an element of `TIDEGATE_ISSUERS` needs only what stands under "to be known"; issuer, key set, algorithms
and the kinds of token that count follow from it, and what the element gives itself counts before that. With an `issuer`
of its own (a custom domain) what it is made of is left out. Where there are variables, they do without a list.

| preset | to be known | variables | `iss` | whom tokens are for | signed with | `kinds` |
| --- | --- | --- | --- | --- | --- | --- |
"""


def _presets() -> Iterator[str]:
    for row in PRESETS.values():
        asked = ", ".join(f"`{ask.member}`" for ask in row.asks) or "its secret"
        names = [f"{row.name}_{ask.member}" for ask in row.asks]
        variables = "<br>".join(f"`{SPECS[name].variables[0]}`" for name in names if name in SPECS) or _own(row)
        signed = (
            "public keys of any kind"
            if row.algorithms == PUBLIC_KEY_ALGORITHMS
            else ", ".join(row.algorithms) or "nothing: encrypted"
        )
        kinds = ", ".join(f"`{kind}`" for kind in row.kinds)
        issuer = f"`{row.issuer}`" if row.issuer else "as given"
        yield f"| `{row.name}` | {asked} | {variables} | {issuer} | {_bound(row)} | {signed} | {kinds} |\n"


def _own(row: Preset) -> str:
    """The variables of a preset that has a section of its own."""
    return "`AUTH_SECRET`" if row.name == "authjs" else "none"


def _bound(row: Preset) -> str:
    if not row.has_iss:
        return "this app alone"
    if row.audience:
        return f"`{row.audience_claim}` is `{row.audience}`"
    named = {"audience": row.audience_claim, "authorized_parties": "azp"}
    asked = (f"`{named[ask.fills]}` is the `{ask.member}`" for ask in row.asks if ask.fills)
    return ", ".join(asked) or "`aud`, if `audience` is given"


_MEMBER_DEFAULTS: Final = {
    "name": "the preset's; required without `preset`",
    "preset": "`oidc`; the presets are below",
    "kind": "follows from `preset`; required without it: `clerk`, `oidc`, `jwks`, `pem` or `authjs`",
    "issuer": "follows from `preset`, else required",
    "jwks_url": "follows from `preset`",
    "algorithms": "follow from `preset`; `RS256` for Clerk, else every signature with a public key",
    "audience": "follows from `preset`, else unset",
    "azp": "`TIDEGATE_AZP_POLICY`; `required` for Keycloak",
    "pending": "`TIDEGATE_PENDING_POLICY`",
    "impersonation": "`TIDEGATE_IMPERSONATION_POLICY`",
    "kinds": '`["session"]`, or the preset\'s; also `template`, `machine`, `access`, `anonymous`',
    "clock_skew_seconds": "`TIDEGATE_CLOCK_SKEW_SECONDS`",
    "max_age_seconds": "`TIDEGATE_SESSION_MAX_AGE_SECONDS`",
    "controlled_claims": "`TIDEGATE_CONTROLLED_CLAIMS`, else they follow from `preset`",
}


def _shown(default: object) -> str:
    return f"`{default}`" if default else "unset"


def _attributes(docstring: str) -> dict[str, str]:
    """The descriptions under ``Attributes:`` of a docstring."""
    pairs = (line.strip().split(": ", 1) for line in docstring.partition("Attributes:")[2].splitlines() if ": " in line)
    return {name: meaning.replace("``", "`") for name, meaning in pairs}


if __name__ == "__main__":
    sys.stdout.write(render())
