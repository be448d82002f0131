"""Figures over time: the counters of this replica, sampled every ten seconds. Nothing is added to a request."""
