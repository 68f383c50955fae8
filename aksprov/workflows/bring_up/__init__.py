"""Bring-up: from configured hosts to a cluster that works; one file per step."""
