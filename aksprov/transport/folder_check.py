"""Configuration in a folder, checked with the programs that this machine happens to have.

The files are copied to a temporary place and the names in them point there, so the check sees
what a host would see; a late certificate is a throw-away one, and interfaces are one of this
machine's.  What cannot be checked says why.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aksprov.model.bundle import Reader
from aksprov.transport.refusals import refusal

CHECK_SECONDS = 30


async def check(host: str, reader: Reader, path: str, texts: Mapping[str, str | None]) -> str:
    """How the configuration at ``path`` was checked, or why not.

    Args:
        texts: every file of the host, path -> text; None for a late value.

    Raises:
        HostError: ConfigRefused.
    """
    if reader not in ("haproxy", "keepalived"):
        return "written"
    if shutil.which(reader) is None:
        return f"not checked: {reader} is not installed here"
    if reader == "keepalived" and (why := _keepalived_cannot()):
        return f"not checked: {why}"
    with tempfile.TemporaryDirectory(prefix="aksprov-") as folder:
        copies = {name: _copy_place(Path(folder), name) for name in texts}
        for name, text in texts.items():
            _lay_out(copies[name], _certificate() if text is None else _local(reader, text, copies))
        flag = "-c" if reader == "haproxy" else "-t"
        status, said = await _run(reader, flag, "-f", str(copies[path]))
    if status != 0 or "[ALERT]" in said:
        raise refusal(host, [(reader, "ConfigRefused", said.strip().replace(folder, "")[-2000:])])
    return f"checked with {await _version(reader)}"


def _keepalived_cannot() -> str:
    """keepalived -t wants root (its scripts must not be anyone else's) and an interface that is there."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "keepalived -t needs root"
    return "" if _interface() else "keepalived -t needs a network interface"


def _interface() -> str:
    return next((name for _, name in socket.if_nameindex() if name != "lo"), "")


def _copy_place(folder: Path, path: str) -> Path:
    return folder / path.lstrip("/")


def _lay_out(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, "utf-8")
    place.chmod(0o755)  # scripts must be programs; whatever else is there is only read


def _local(reader: Reader, text: str, copies: Mapping[str, Path]) -> str:
    """The text with its own files' names pointing at their copies."""
    names = sorted(copies, key=len, reverse=True)
    text = re.sub("|".join(map(re.escape, names)), lambda m: str(copies[m[0]]), text)
    if reader == "keepalived":
        text = re.sub(r"\b(interface|dev) +\S+", rf"\1 {_interface()}", text)
    return text


def _certificate() -> str:
    """A certificate that nobody has the key of: HAProxy wants one in every ca-file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throw-away")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


async def _version(reader: Reader) -> str:
    _, said = await _run(reader, "-v")
    found = re.search(r"\d+(\.\d+)+", said)
    name = {"haproxy": "HAProxy"}.get(reader, reader)
    return f"{name} {found[0]}" if found else name


async def _run(*argv: str) -> tuple[int, str]:
    """Exit status and everything said by a program; one that does not end is ended."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), CHECK_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return 124, f"{argv[0]} did not end within {CHECK_SECONDS} s"
    return process.returncode or 0, said.decode("utf-8", "replace")
