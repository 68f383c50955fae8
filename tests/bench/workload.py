"""What every tool is given to do: 12 files of 1 to 8 KB a host, 31.7 KB in all, or one script."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from minilab import Lab

TARGET = "/etc/app"
SIZES = (1000, 8000, 2000, 3000, 1600, 4400, 1200, 2680, 1400, 1800, 2200, 2400)
NAMES = tuple(f"app{n:02}.conf" for n in range(len(SIZES)))
CONCURRENCY = 50


def content(host: str, name: str, size: int) -> str:
    """Text of one file, different for each host."""
    lines = f"{host} {name} " + hashlib.sha256(f"{host}{name}".encode()).hexdigest()
    return ((lines + "\n") * (size // len(lines) + 1))[: size - 1] + "\n"


def write_files(folder: Path, hosts: Iterable[str]) -> None:
    """DIR/HOST/etc/app/NAME of every host."""
    for host in hosts:
        place = folder / host / TARGET.lstrip("/")
        place.mkdir(parents=True)
        for name, size in zip(NAMES, SIZES, strict=True):
            (place / name).write_text(content(host, name, size))


def clean(lab: Lab, hosts: Iterable[str]) -> None:
    """Take away what any of the tools put on the hosts."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda host: lab[host].shell(f"rm -rf {TARGET} /var/lib/aksprov /root/.ansible"), hosts))


def check(lab: Lab, host: str) -> None:
    """See that one host has every file.

    Raises:
        AssertionError: it does not.
    """
    said = lab[host].shell(f"cd {TARGET} && sha256sum *").stdout
    wanted = {n: hashlib.sha256(content(host, n, s).encode()).hexdigest() for n, s in zip(NAMES, SIZES, strict=True)}
    assert {line.split()[1]: line.split()[0] for line in said.splitlines()} == wanted, host
