"""Desired against recorded and observed: what would change, and in which order."""
