"""Operators' keys for tests, and clients that hold them."""

from tidegate.http.operators import digest
from tidegate.settings.operator_keys import OperatorKey, Role

VIEWER = "tgo_" + "v" * 43
OPERATOR = "tgo_" + "o" * 43
KEYS = (OperatorKey("vera", Role.VIEWER, digest(VIEWER)), OperatorKey("otto", Role.OPERATOR, digest(OPERATOR)))
"""As the setting ``operator_keys``: vera may look, otto may change things."""


def bearer(key):
    return {"Authorization": f"Bearer {key}"}
