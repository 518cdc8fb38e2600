"""Explain which parts of the signal and which features the class of a beat depends on."""
