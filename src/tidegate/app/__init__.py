"""The only assembly: settings in, a running service out."""
