"""Stream as seen from here: one client for its server API, its errors, its quota, a circuit breaker."""
