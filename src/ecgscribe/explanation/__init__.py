"""Explain why a beat was classified as it was."""
