import pytest

from support.environments import DEVELOPMENT, KEY, PRODUCTION, SECRET, problems, without
from tidegate.settings import fingerprints, load
from tidegate.settings.credential_rules import is_placeholder, key_type, word_in

STAGING = {**PRODUCTION, "STREAM_CHAT_ENVIRONMENT": "staging"}


@pytest.mark.parametrize("base", [PRODUCTION, STAGING], ids=["production", "staging"])
@pytest.mark.parametrize("gone", ["STREAM_API_KEY", "STREAM_API_SECRET"])
def test_both_must_be_there_outside_development(base, gone):
    assert "is missing" in problems(without(base, gone))[gone]
    assert set(problems(without(base, "STREAM_API_KEY", "STREAM_API_SECRET"))) == {
        "STREAM_API_KEY",
        "STREAM_API_SECRET",
    }


@pytest.mark.parametrize("gone", ["STREAM_API_KEY", "STREAM_API_SECRET"])
def test_half_a_pair_is_a_problem_in_development_too(gone):
    assert "is missing" in problems(without(DEVELOPMENT, gone, "CLERK_PUBLISHABLE_KEY"))[gone]


@pytest.mark.parametrize("base", [DEVELOPMENT, PRODUCTION], ids=["development", "production"])
@pytest.mark.parametrize(
    ("gone", "misspelt"),
    [
        ("STREAM_API_SECRET", "STREAM_API_SECERT"),
        ("STREAM_API_SECRET", "STREAM_SECRET"),
        ("STREAM_API_SECRET", "TIDEGATE_API_SECRET"),
        ("STREAM_API_KEY", "STREAM_KEY"),
    ],
)
def test_what_is_missing_is_found_under_a_misspelt_name(base, gone, misspelt):
    found = problems({**without(base, gone), misspelt: SECRET})
    assert found == {gone: f"{gone} is missing, while {misspelt} is set; rename {misspelt} to {gone}"}


@pytest.mark.parametrize("variable", ["STREAM_API_SECRET", "STREAM_CHAT_API_SECRET", "TIDEGATE_NEXT_API_SECRET"])
def test_a_short_secret_is_warned_of_where_it_is_accepted(variable):
    pair = {"TIDEGATE_NEXT_API_KEY": f"{KEY}next"} if "NEXT" in variable else {}
    base = {**(DEVELOPMENT if pair else without(DEVELOPMENT, "STREAM_API_SECRET")), **pair}
    (warning,) = load({**base, variable: SECRET[1:20]}).warnings
    assert warning.startswith(f"{variable} has fewer than 20 characters")
    assert SECRET[1:20] not in warning
    assert load({**base, variable: SECRET[1:21]}).warnings == ()


def test_an_issuer_without_credentials_is_a_problem():
    assert set(problems(without(DEVELOPMENT, "STREAM_API_KEY", "STREAM_API_SECRET"))) == {
        "STREAM_API_KEY",
        "STREAM_API_SECRET",
    }


@pytest.mark.parametrize(
    "text",
    [
        *("demo-key", "your-production-api-key", "your-production-api-secret", "your_stream_api_key", "test_key"),
        *("your_stream_api_secret", "YOUR_API_KEY", "<your key>", "[api-key]", "{{secret}}", "$STREAM_API_KEY", "..."),
        *("xxxxxxxxxxxx", "changeme", "change-me-please", "replace_with_key", "insert-key-here", "placeholder"),
        *(
            "api_key",
            "stream-api-secret",
            "dummy-secret",
            "example_api_key",
            "dev-stream-key",
            "1234567890",
            "key-here",
        ),
    ],
)
def test_placeholders(text):
    assert is_placeholder(text)
    assert "placeholder" in problems({**DEVELOPMENT, "STREAM_API_KEY": text})["STREAM_API_KEY"]
    found = problems({**DEVELOPMENT, "STREAM_API_SECRET": text})["STREAM_API_SECRET"]
    assert "placeholder" in found


@pytest.mark.parametrize("text", [KEY, SECRET, "abcd1234efgh", "2fjk8demo1qz", "yourz8kq4mwt", "testq8wz4mkp"])
def test_what_could_be_real_is_no_placeholder(text):
    assert not is_placeholder(text)


@pytest.mark.parametrize("word", ["demo", "test", "dev", "DEV"])
def test_words_of_development_in_production(word):
    key = f"q7w2{word}x9c4"
    found = problems({**PRODUCTION, "STREAM_API_KEY": key})["STREAM_API_KEY"]
    assert word.lower() in found
    assert "TIDEGATE_ACCEPT_API_KEY_WORDS=true" in found
    assert load({**PRODUCTION, "STREAM_API_KEY": key, "TIDEGATE_ACCEPT_API_KEY_WORDS": "true"})
    assert load({**STAGING, "STREAM_API_KEY": key})
    assert load({**DEVELOPMENT, "STREAM_API_KEY": key})


def test_the_shortest_that_will_do():
    assert "shorter than 10" in problems({**DEVELOPMENT, "STREAM_API_KEY": "q7w2x9c4v"})["STREAM_API_KEY"]
    assert "shorter than 10" in problems({**DEVELOPMENT, "STREAM_API_SECRET": "q7w2x9c4v"})["STREAM_API_SECRET"]
    assert load({**DEVELOPMENT, "STREAM_API_KEY": "q7w2x9c4v8"})
    assert load({**DEVELOPMENT, "STREAM_API_SECRET": "q7w2x9c4v8"})
    assert "shorter than 20" in problems({**PRODUCTION, "STREAM_API_SECRET": SECRET[:19]})["STREAM_API_SECRET"]
    assert load({**PRODUCTION, "STREAM_API_SECRET": SECRET[:20]})


def test_the_prefix():
    assert load({**DEVELOPMENT, "TIDEGATE_API_KEY_PREFIX": "q7"})
    found = problems({**DEVELOPMENT, "TIDEGATE_API_KEY_PREFIX": "zz"})["STREAM_API_KEY"]
    assert "TIDEGATE_API_KEY_PREFIX" in found


def test_the_secret_is_not_the_key():
    assert "same as the API key" in problems({**DEVELOPMENT, "STREAM_API_SECRET": KEY})["STREAM_API_SECRET"]


@pytest.mark.parametrize("odd", ["q7w2 x9c4v8", "q7w2é9c4v8b5"])
def test_odd_characters(odd):
    assert "outside ASCII" in problems({**DEVELOPMENT, "STREAM_API_KEY": odd})["STREAM_API_KEY"]
    assert "outside ASCII" in problems({**DEVELOPMENT, "STREAM_API_SECRET": odd})["STREAM_API_SECRET"]


def test_every_problem_of_a_pair_at_once():
    bad = {**PRODUCTION, "STREAM_API_KEY": "te st", "STREAM_API_SECRET": "te st", "TIDEGATE_API_KEY_PREFIX": "zz"}
    with pytest.raises(Exception, match="STREAM_API_KEY") as caught:
        load(bad)
    said = [str(problem) for problem in caught.value.problems]
    assert len([line for line in said if line.startswith("STREAM_API_KEY ")]) == 3
    assert len([line for line in said if line.startswith("STREAM_API_SECRET ")]) == 3


def test_the_variable_that_was_used_is_the_one_that_is_named():
    environ = {**without(DEVELOPMENT, "STREAM_API_KEY"), "NEXT_PUBLIC_STREAM_CHAT_API_KEY": "demo-key"}
    assert "NEXT_PUBLIC_STREAM_CHAT_API_KEY" in problems(environ)


def test_the_type_of_a_key():
    assert key_type(KEY) == "production"
    assert key_type("q7w2demox9c4") == "development"
    assert key_type("q7w2demox9c4", accept_words=True) == "production"
    assert {key_type(None), key_type("short"), key_type("your_stream_api_key"), key_type(KEY, prefix="z")} == {
        "invalid"
    }
    assert word_in("aTESTb") == "test"
    assert word_in(KEY) is None


NEXT_KEY, NEXT_SECRET = "zzw2x9c4v8b5", SECRET[::-1]


def test_the_pair_that_is_to_follow_is_whole_and_held_to_the_same_rules():
    following = {"TIDEGATE_NEXT_API_KEY": NEXT_KEY, "TIDEGATE_NEXT_API_SECRET": NEXT_SECRET}
    assert load({**PRODUCTION, **following}).settings.next_api_key == NEXT_KEY
    for name in following:
        assert "is missing" in problems({**PRODUCTION, **without(following, name)})[name]
    found = problems({**PRODUCTION, **following, "TIDEGATE_NEXT_API_SECRET": "your-api-secret"})
    assert "placeholder" in found["TIDEGATE_NEXT_API_SECRET"]


def test_a_source_stands_alone():
    base = without(PRODUCTION, "STREAM_API_KEY", "STREAM_API_SECRET")
    sourced = {**base, "TIDEGATE_CREDENTIALS_SOURCE": "file:/run/secrets/stream"}
    assert load(sourced).settings.api_key is None
    assert not load({"TIDEGATE_CREDENTIALS_SOURCE": "file:/run/secrets/stream"}).settings.sandbox_wanted
    assert "both set" in problems({**sourced, "STREAM_API_SECRET": SECRET})["STREAM_API_SECRET"]
    assert "both set" in problems({**sourced, "TIDEGATE_NEXT_API_KEY": NEXT_KEY})["TIDEGATE_NEXT_API_KEY"]
    for text in ("file:", "vault:x", "/run/secrets"):
        assert "TIDEGATE_CREDENTIALS_SOURCE" in problems({**base, "TIDEGATE_CREDENTIALS_SOURCE": text})


@pytest.mark.parametrize("place", [0, 1])
def test_what_belongs_to_another_environment_refuses_to_start(place):
    print_ = fingerprints.both(KEY, SECRET)[place]
    name = ("STREAM_API_KEY", "STREAM_API_SECRET")[place]
    listed = {**PRODUCTION, "TIDEGATE_FOREIGN_FINGERPRINTS": f"key-0123456789abcdef,{print_}"}
    found = problems(listed)
    assert list(found) == [name]
    assert "another environment" in found[name]
    assert KEY not in str(found)
    assert SECRET not in str(found)
    assert load({**listed, "TIDEGATE_FOREIGN_FINGERPRINTS": "key-0123456789abcdef"})
    assert "TIDEGATE_FOREIGN_FINGERPRINTS" in problems({**listed, "TIDEGATE_FOREIGN_FINGERPRINTS": SECRET})


def test_fingerprints_tell_pairs_apart_and_show_nothing_of_them():
    prints = {one for secret in (SECRET, NEXT_SECRET) for one in fingerprints.both(KEY, secret)}
    assert len(prints) == 3
    assert fingerprints.of_key(SECRET)[4:] != fingerprints.of_secret(SECRET)[7:]
