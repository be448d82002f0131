"""Alerts: one table of rules, judged over sliding windows, and told to whoever is on call."""
