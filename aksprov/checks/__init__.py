"""Preflight and verification: many questions to a host in one script, the answers as rows."""
