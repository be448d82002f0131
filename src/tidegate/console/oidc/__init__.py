"""Signing in to the console at an OpenID Connect provider."""
