"""The doctor: everything that can be found out about a configuration and an app without running either."""
