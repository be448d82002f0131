"""Limits: how often an address, a subject, an issuer and everybody together may ask."""

from tidegate.limits.gcra import Gcra
from tidegate.limits.service import ExchangeLimits, LimitRates

__all__ = ["ExchangeLimits", "Gcra", "LimitRates"]
