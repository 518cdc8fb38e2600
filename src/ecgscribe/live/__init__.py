"""Annotate a recording while its samples arrive."""
