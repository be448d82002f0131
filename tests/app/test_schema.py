"""The description of the routes, and the routes held to it by generated requests."""

import string
import time

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck
from hypothesis import strategies as st

from support.operating import OPERATOR
from support.processes import START_SECONDS, beside
from tidegate.http.operators import digest
from tidegate.sandbox.server import SandboxServer

# Two hundred cases each run with the system tests: they take a minute.
CASES = [pytest.param(25, id="few"), pytest.param(200, id="all", marks=pytest.mark.system)]
NAMES = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=8)
VALUES = st.text([chr(code) for code in range(0x21, 0x7F)], max_size=20)
UNASKED = st.dictionaries(NAMES, VALUES, max_size=3)
OPERATIONS = {
    ("POST", "/stream/token"),
    ("GET", "/"),
    ("POST", "/api/chat/token"),
    ("GET", "/api/chat/token"),
    ("GET", "/api/chat/health"),
    ("GET", "/api/chat/test-connection"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("POST", "/telemetry"),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A process of its own: figures of other tests would make the page of metrics long."""
    limits = ("LIMIT_ADDRESS", "LIMIT_SUBJECT", "TELEMETRY_ADDRESS", "TELEMETRY_USER")
    unlimited = {f"TIDEGATE_{limit}_PER_MINUTE": "0" for limit in limits}
    variables = {"TIDEGATE_TELEMETRY": "on", "TIDEGATE_OPERATOR_KEYS": f"otto:operator:{digest(OPERATOR)}", **unlimited}
    with SandboxServer() as sandbox, beside(sandbox, tmp_path_factory.mktemp("served"), **variables) as service:
        deadline = time.monotonic() + START_SECONDS
        while requests.get(f"{service.url}/api/chat/health", timeout=5).json()["status"] != "healthy":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield service.url, sandbox


@pytest.fixture(scope="module")
def schema(served):
    return schemathesis.openapi.from_url(f"{served[0]}/openapi.json")


def test_every_route_is_described(schema):
    described = {(method.upper(), path) for path, methods in schema.raw_schema["paths"].items() for method in methods}
    assert described == OPERATIONS


def test_every_answer_has_a_closed_shape(schema):
    schemas = schema.raw_schema["components"]["schemas"]
    for name, shape in schemas.items():
        if shape["type"] == "object" and name != "Checks":
            assert shape.get("additionalProperties") is False, name


def test_every_error_is_described_with_its_reasons(schema):
    token = schema.raw_schema["paths"]["/stream/token"]["post"]["responses"]
    assert {"200", "401", "403", "405", "413", "429", "431", "500", "503"} <= set(token)
    assert "token_expired" in token["401"]["description"]
    assert set(token["401"]["content"]) == {"application/problem+json"}


@pytest.fixture(scope="module")
def kept_alive():
    with requests.Session() as session:
        session.trust_env = False
        yield session


# The generator of requests draws some of its values from `random`, of which hypothesis warns; raised as an error in the
# middle of a draw, the warning would make the same draw end differently the second time.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "with-session"])
@pytest.mark.parametrize(("method", "path"), sorted(OPERATIONS))
@pytest.mark.parametrize("least", CASES)
def test_generated_requests(schema, served, kept_alive, method, path, signed_in, least):
    url, sandbox = served
    headers = {}
    if signed_in:
        token = sandbox.sandbox.provider.session(life=3000)
        if path == "/telemetry":
            token = kept_alive.post(f"{url}/stream/token", headers={"Authorization": f"Bearer {token}"}).json()["token"]
        headers["Authorization"] = f"Bearer {token}"
    operation = schema[path][method]
    cases = []

    @hypothesis.settings(
        max_examples=least, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
    )
    @hypothesis.given(case=operation.as_strategy(), unasked=UNASKED)
    def run(case, unasked):
        # What nobody asked for changes nothing, and gives routes without parameters something to vary.
        more = {f"X-Extra-{name}": value for name, value in unasked.items()}
        params = {**unasked, **(case.query or {})}
        case.call_and_validate(headers={**more, **headers}, params=params, session=kept_alive)
        cases.append(case)

    run()
    assert len(cases) >= least
