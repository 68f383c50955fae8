"""Offline bundles: made from a plain folder, signed, and verified before they are used."""
