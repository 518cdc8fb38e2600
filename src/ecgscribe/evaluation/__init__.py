"""The protocol: measure models and other detectors on the databases, and write the tables."""
