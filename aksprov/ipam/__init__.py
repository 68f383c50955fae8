"""Addresses and hosts by rule: what a network may be, who takes which address, which host takes which role.

Pure: everything is computed from a definition and a snapshot of what is recorded.
"""
