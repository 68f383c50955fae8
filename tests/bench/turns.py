"""Turns of SSH connections, seen on a lab's bridge: how often a controller speaks after a host spoke."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from types import TracebackType
from typing import Final, Self

from minilab import Lab

_ETH_P_ALL: Final = 3
_SSH: Final = 22


class Turns:
    """``with Turns(lab) as turns: ...``; then ``turns.by_address`` counts them by the host's address."""

    def __init__(self, lab: Lab) -> None:
        self.by_address: Counter[str] = Counter()
        self._last: dict[tuple[str, int], bool] = {}
        with lab.netns():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.ntohs(_ETH_P_ALL))
        self._socket.settimeout(0.2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        while not self._stop.is_set():
            try:
                packet = self._socket.recv(65535)
            except TimeoutError:
                continue
            self._count(packet)

    def _count(self, packet: bytes) -> None:
        """One IPv4 packet (RFC 791, RFC 9293); those with a payload are somebody's words."""
        if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
            return
        head = (packet[0] & 15) * 4
        length, source, target = struct.unpack("!H", packet[2:4])[0], packet[12:16], packet[16:20]
        from_port, to_port = struct.unpack("!HH", packet[head : head + 4])
        if length - head - (packet[head + 12] >> 4) * 4 <= 0 or _SSH not in (from_port, to_port):
            return
        up = to_port == _SSH
        address, port = (socket.inet_ntoa(target), from_port) if up else (socket.inet_ntoa(source), to_port)
        if up and self._last.get((address, port)) is False:
            self.by_address[address] += 1
        self._last[address, port] = up
