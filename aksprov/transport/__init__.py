"""Transports: one small protocol over SSH, or sh on this machine, or a folder."""

from aksprov.transport.connect import TransportOptions, connector, scanner

__all__ = ["TransportOptions", "connector", "scanner"]
