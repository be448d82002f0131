"""The operator's console: one page that says how the service is, and a few careful actions."""
