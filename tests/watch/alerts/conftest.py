"""Alerts are judged by the figures of their own test."""

import pytest


@pytest.fixture(autouse=True)
def levels_of_this_test_alone(monkeypatch):
    """What other tests of this process left in the registry, a database that is gone for instance, is none of ours."""
    monkeypatch.setattr("tidegate.watch.series.service.LEVELS", {})
