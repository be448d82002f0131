"""One file for each change of the schema, numbered in order: NNNN_what.py with the revision NNNN."""
