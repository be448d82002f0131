"""Whatever the environment holds: settings or a ``SettingsError``, and never a secret's text."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.environments import DEVELOPMENT, KEY, PRODUCTION, SECRET, without
from tidegate.settings import Loaded, Settings, SettingsError, load
from tidegate.settings.checklist import Facts, check
from tidegate.settings.model import SPECS, VARIABLES
from tidegate.settings.show import render

SECRET_VARIABLES = ("STREAM_API_SECRET", "STREAM_CHAT_API_SECRET", "AUTH_SECRET", "NEXTAUTH_SECRET", "AUTH_SECRET_1")
BOUNDED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

sensible = st.sampled_from(
    [
        *("", " ", "0", "1", "true", "off", "600", "-1", "99999999", "production", "staging", "test", "debug", "json"),
        *("https://a.example", "http://127.0.0.1:9", "0.0.0.0:8000", "[::1]:8000", "10.0.0.0/8", "*", "required"),
        *(DEVELOPMENT["CLERK_PUBLISHABLE_KEY"], PRODUCTION["CLERK_PUBLISHABLE_KEY"], KEY, SECRET, f"a{SECRET}b"),
        *('[{"name": "a", "kind": "oidc", "issuer": "https://a.example"}]', '[{"issuer": "\\ud800"}]', "[[[[", "{}"),
        *(f'[{{"name": "{SECRET}", "kind": "pem", "{SECRET}": 1}}]', f'[{{"name": "a", "kind": "{SECRET}"}}]'),
        *(f"https://{SECRET}@a.example", f"https://a.example?{SECRET}", f"https://a.example/{SECRET}", f"{SECRET}:1"),
    ]
)
texts = st.one_of(sensible, st.text(max_size=60), st.text(st.characters(categories=["Cs", "Cc", "Nd"]), max_size=20))
environments = st.dictionaries(st.sampled_from(sorted(VARIABLES)), texts, max_size=12)


def outputs(environ: Mapping[str, str]) -> list[str]:
    """Every line that could reach a terminal or a log."""
    try:
        loaded = load(environ)
    except SettingsError as error:
        refused = error
    else:
        return shown(loaded)
    assert refused.problems
    return [*map(str, refused.problems), *f"{refused}".split("\n"), f"{refused!r} {refused.problems!r}"]


def shown(loaded: Loaded) -> list[str]:
    assert Settings.model_validate(dict(loaded.settings)) == loaded.settings
    assert set(loaded.origins) == set(SPECS)
    rows, lines = render(loaded), check(loaded, facts=Facts())
    told = (text for row in rows for text in (row.value, row.origin))
    return [*told, *loaded.warnings, *(line.mend for line in lines), f"{rows} {loaded.origins} {lines}"]


def keeps_the_secret(lines: list[str]) -> bool:
    return fit_to_show(lines) and not any(SECRET in line for line in lines)


def fit_to_show(lines: list[str]) -> bool:
    return all(line.isprintable() for line in lines)


@BOUNDED
@given(environments)
def test_nothing_but_a_settings_error_is_raised_and_the_secret_stays_in(environ):
    for name in SECRET_VARIABLES[:2]:
        environ.pop(name, None)
    assert keeps_the_secret(outputs({**environ, "STREAM_API_SECRET": SECRET}))


@BOUNDED
@given(environments)
def test_the_secret_stays_in_when_everything_else_is_sound(environ):
    assert keeps_the_secret(outputs({**PRODUCTION, **without(environ, *SECRET_VARIABLES)}))


STRAYED = (
    SECRET,
    f"https://{SECRET}@a.example",
    f"https://a.example/{SECRET}",
    f"{SECRET}:1",
    f'[{{"name": "{SECRET}"}}]',
)


@pytest.mark.parametrize("variable", sorted(set(VARIABLES) - {"STREAM_API_SECRET"}))
@pytest.mark.parametrize("base", [DEVELOPMENT, PRODUCTION], ids=["development", "production"])
def test_a_secret_pasted_into_any_variable_is_not_repeated(variable, base):
    for text in STRAYED:
        assert keeps_the_secret(outputs({**base, variable: text}))


@BOUNDED
@given(st.sampled_from(sorted(VARIABLES)), sensible, st.sampled_from([DEVELOPMENT, PRODUCTION]))
def test_one_variable_off_a_sound_environment(name, text, base):
    assert fit_to_show(outputs({**base, name: text}))


@BOUNDED
@given(st.dictionaries(st.text(max_size=20).map("TIDEGATE_{}".format), st.text(max_size=5), max_size=10))
def test_names_of_any_kind(environ):
    assert fit_to_show(outputs(environ))


@BOUNDED
@given(st.binary(max_size=200))
def test_files_of_any_kind(workdir: Path, content):
    (workdir / ".env").write_bytes(content)
    assert fit_to_show(outputs({}))
    assert fit_to_show(outputs({"TIDEGATE_ENV_FILE": ".env"}))
