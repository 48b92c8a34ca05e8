"""Frozen values and pure rules of customer service. No input, no output, no clock of its own."""
