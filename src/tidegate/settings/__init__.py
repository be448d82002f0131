"""Settings: read once, checked whole, every problem reported at once."""

from tidegate.settings.issuers import IssuerConfig
from tidegate.settings.load import Loaded, load
from tidegate.settings.model import Settings
from tidegate.settings.problems import EXIT_CODE, Problem, SettingsError
from tidegate.settings.stream_section import Environment

__all__ = ["EXIT_CODE", "Environment", "IssuerConfig", "Loaded", "Problem", "Settings", "SettingsError", "load"]
