"""Drills: an outage rehearsed on an isolated copy of the service, hours of it in seconds."""
