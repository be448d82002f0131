"""Probes: what is looked at, at which price, and what was found."""
