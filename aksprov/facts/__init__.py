"""Parsers of what hosts answer; pure."""
