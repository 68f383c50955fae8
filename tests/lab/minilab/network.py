"""Changes of links, addresses and routes in the network namespace of the process that asks."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


def ip_batch(lines: Sequence[str], *, check: bool = True) -> None:
    """Run several commands of ip(8) in one process.

    Raises:
        RuntimeError: with what ip said, where ``check``.
    """
    if not lines:
        return
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, capture_output=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"ip -batch: {done.stderr.strip()}\n" + "\n".join(lines[:6]))
