"""What the doctor looks for in the source tree of an app."""
