"""The only assembly: settings in, a running service out."""

from tidegate.app.run import asgi_from_environment, serve_from_environment

__all__ = ["asgi_from_environment", "serve_from_environment"]
