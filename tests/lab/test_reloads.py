"""Reloads of HAProxy, as every apply makes them, lose no connection.

Seen to fail: with `systemctl restart haproxy` in place of the reload, 428 of 1,069 requests were lost.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from configured import CONTROL_PLANES, PORT, VIP, Configured, api_servers, eventually
from responder import Authority, api_server

RELOADS, CLIENTS = 100, 4
HEALTHY_SECONDS = 5  # every server passes its two checks, two seconds apart
REQUEST = b"GET /readyz HTTP/1.1\r\nHost: kubernetes\r\nConnection: close\r\n\r\n"


class Load:
    """Clients that each open a connection, ask, read to the end and begin again.

    Attributes:
        served: how many requests were answered.
        lost: what went wrong, one line each.
    """

    def __init__(self, configured: Configured, authority: Authority) -> None:
        self._lab = configured.lab
        self._context = authority.client_context()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        self.served = 0
        self.lost: list[str] = []

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                plain = self._lab.connect(VIP, PORT, timeout=10)
                with self._context.wrap_socket(plain, server_hostname="kubernetes") as connection:
                    connection.sendall(REQUEST)
                    answer = b"".join(iter(lambda: connection.recv(4096), b""))
                assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"ok"), answer
                self.served += 1
            except (OSError, AssertionError) as error:
                self.lost.append(repr(error))
            time.sleep(0.02)


@pytest.mark.slow
def test_a_hundred_reloads_under_load_lose_no_connection(configured: Configured, tmp_path: Path) -> None:
    """A steady load passes through the VIP to three API servers while the load balancer that has it reloads."""
    holder, authority = configured.holder(), Authority.of_cluster(configured.lab["cp1"])
    with ExitStack() as running:
        for name in CONTROL_PLANES:
            folder = tmp_path / name
            folder.mkdir()
            running.enter_context(api_server(configured.lab[name], authority, folder))
        with Load(configured, authority) as load:
            eventually(lambda: load.served, bool, 30)
            time.sleep(HEALTHY_SECONDS)
            load.lost.clear()
            before = load.served
            began = time.monotonic()
            done = holder.ssh(f"for i in $(seq {RELOADS}); do systemctl reload haproxy || echo $i; done")
            seconds = time.monotonic() - began
    print(f"{RELOADS} reloads in {seconds:.0f} s, {load.served} requests, {len(load.lost)} lost")
    assert not done.stdout, "a reload failed"
    assert load.lost == []
    assert load.served - before > RELOADS / 2
    assert configured.holder() is holder, "the VIP went away"
    eventually(lambda: api_servers(configured), lambda said: all(t.startswith("0 of 3") for t in said.values()), 30)
