"""Telling people of alerts: what is said, to whom, and again where that failed."""
