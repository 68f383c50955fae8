"""Frozen, typed values, split by noun; and protocols where rooms meet."""
