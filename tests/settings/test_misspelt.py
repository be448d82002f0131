import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.environments import DEVELOPMENT, PRODUCTION, SECRET, without
from tidegate.settings import SettingsError, load
from tidegate.settings.model import VARIABLES

TEXT = "text-that-is-shown-nowhere"


def warnings(environ: dict[str, str]) -> list[str]:
    """What is said of variables that are no settings."""
    return [one for one in load(environ).warnings if "is no setting" in one]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STREAM_API_SECERT", "STREAM_API_SECRET"),
        ("STREAM_APIKEY", "STREAM_API_KEY"),
        ("STREAM_CHAT_TIMOUT", "STREAM_CHAT_TIMEOUT"),
        ("STREAM_CHAT_ENVIROMENT", "STREAM_CHAT_ENVIRONMENT"),
        ("STREAM_ENVIRONMENT", "STREAM_CHAT_ENVIRONMENT"),
        ("CLERK_PUBLIC_KEY", "CLERK_PUBLISHABLE_KEY"),
        ("CLERK_ISSUER", "CLERK_JWT_ISSUER"),
        ("CLERK_AUTHORIZED_PARTY", "CLERK_AUTHORIZED_PARTIES"),
        ("TIDEGATE_BIDN", "TIDEGATE_BIND"),
        ("TIDEGATE_STREAM_API_SECRET", "STREAM_API_SECRET"),
        ("TIDEGATE_ENVIRONMENT", "STREAM_CHAT_ENVIRONMENT"),
    ],
)
@pytest.mark.parametrize("base", [{}, DEVELOPMENT, PRODUCTION], ids=["nothing", "development", "production"])
def test_a_name_that_is_nearly_a_settings(base, name, meant):
    loaded = load({**base, name: TEXT})
    assert f"{name} is no setting; did you mean {meant}?" in loaded.warnings
    assert loaded.unknown == (name,)
    assert not any(TEXT in warning for warning in loaded.warnings)


@pytest.mark.parametrize("first", ["STREAM_", "STREAM_CHAT_", "STREAM_VIDEO_API_"])
@pytest.mark.parametrize("rest", ["KEY", "SECRET"])
def test_names_like_ours_are_other_programs_where_ours_are_set(first, rest):
    name, ours, alias = f"{first}{rest}", f"STREAM_API_{rest}", f"STREAM_CHAT_API_{rest}"
    meant = alias if first == "STREAM_CHAT_" else ours
    assert warnings({name: SECRET}) == [f"{name} is no setting; did you mean {meant}?"]
    assert warnings({**DEVELOPMENT, name: SECRET}) == []
    assert warnings({**without(DEVELOPMENT, ours), alias: DEVELOPMENT[ours], name: SECRET}) == []
    assert warnings({"TIDEGATE_CREDENTIALS_SOURCE": "file:/nowhere", name: SECRET}) == []


@pytest.mark.parametrize(
    "name",
    [
        *("CLERK_SECRET_KEY", "CLERK_API_URL", "CLERK_API_VERSION", "CLERK_DOMAIN", "CLERK_SIGN_IN_URL"),
        *("CLERK_SIGN_UP_URL", "CLERK_WEBHOOK_SECRET", "CLERK_WEBHOOK_SIGNING_SECRET", "CLERK_JWT_TEMPLATE"),
        *("STREAM_APP_ID", "STREAM_CHAT_URL", "STREAM_BASE_URL", "STREAM_API_TOKEN", "STREAM_NAME", "STREAM_"),
        *("CLERK_JWT_ISSUER_DOMAIN", "CLERK_JWT_TEMPLATE_NAME"),
        *("STREAMING_API_KEY", "MY_STREAM_API_KEY", "STREAM_CHAT_SERVICE_HOST", "STREAM_CHAT_SERVICE_PORT_HTTP"),
    ],
)
def test_what_other_programs_have_is_theirs(name):
    assert load({name: TEXT}).unknown == ()


@pytest.mark.parametrize("name", ["TIDEGATE_PROT", "TIDEGATE_QQQ", "TIDEGATE_", f"TIDEGATE_{'BIND' * 500}"])
def test_where_nothing_is_near_nothing_is_suggested(name):
    (warning,) = warnings({name: TEXT})
    assert warning.endswith("is no setting")


def test_kubernetes_service_variables_are_not_misspelt_settings():
    links = ("TIDEGATE_SERVICE_HOST", "TIDEGATE_SERVICE_PORT_HTTP", "TIDEGATE_PORT", "TIDEGATE_PORT_8000_TCP_ADDR")
    assert load(dict.fromkeys(links, "tcp://10.0.0.1:8000")).unknown == ()
    assert load({"TIDEGATE_PORT": "udp://10.0.0.1:53"}).unknown == ()


@pytest.mark.parametrize(("name", "text"), [("TIDEGATE_PORT", "9000"), ("TIDEGATE_HOST", "0.0.0.0")])
def test_half_an_address_is_answered_with_the_whole(name, text):
    assert warnings({name: text}) == [f"{name} is no setting; where to listen is TIDEGATE_BIND=host:port"]


@pytest.mark.parametrize("between", [":", ": ", "\t", "'", '"', "/"])
@pytest.mark.parametrize("name", ["TIDEGATE_LEDGER_KEYS", "TIDEGATE_LEDGER_KEY", "TIDEGATE_QQQ"])
def test_what_stands_behind_a_name_is_not_repeated(name, between):
    loaded = load({**DEVELOPMENT, f"{name}{between}{TEXT}": "="})
    assert loaded.unknown == (f"{name}...",)
    assert [warning.partition(";")[0] for warning in loaded.warnings] == [f"{name}... is no setting"]


def test_a_colon_for_an_equals_sign_is_found_without_the_value():
    environ = {**without(DEVELOPMENT, "STREAM_API_SECRET"), f"STREAM_API_SECRET: {SECRET}": "="}
    with pytest.raises(SettingsError) as caught:
        load(environ)
    assert "STREAM_API_SECRET is missing, while STREAM_API_SECRET... is set" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_nor_is_it_where_the_name_is_the_fault():
    with pytest.raises(SettingsError) as caught:
        load({**DEVELOPMENT, f"NEXT_PUBLIC_API_SECRET:{SECRET}": "="})
    assert str(caught.value).startswith("NEXT_PUBLIC_API_SECRET holds a secret")
    assert SECRET not in str(caught.value)


def test_not_more_than_twenty_are_named():
    assert len(load({f"TIDEGATE_Q{number}": "1" for number in range(50)}).unknown) == 20


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(("STREAM_", "CLERK_")), st.text(max_size=20))
def test_foreign_names_of_any_kind(prefix, rest):
    loaded = load({f"{prefix}{rest}": TEXT} if f"{prefix}{rest}" not in VARIABLES else {})
    assert all(warning.isprintable() and TEXT not in warning for warning in loaded.warnings)
    assert len(loaded.unknown) == len([one for one in loaded.warnings if "did you mean" in one])
