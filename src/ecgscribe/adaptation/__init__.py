"""Adapt the classes of a recording to its patient, from some beats that a person labelled."""
