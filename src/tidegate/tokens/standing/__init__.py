"""Revocations and bans: who may not have a token, and how old a token may not be."""
