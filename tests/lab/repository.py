"""Package repositories of a test: what Debian has, and packages of our own making, served in the lab's network."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from minilab import Lab, baseroot


def debian_packages(names: Sequence[str]) -> Path:
    """A folder with these packages and all that they need on a bare host, by apt of this machine; kept for the next."""
    root = baseroot.ensure(baseroot.SUITES[0], bare=True)
    folder = (
        baseroot.default_cache() / f"debs-{hashlib.sha256(' '.join([str(root), *names]).encode()).hexdigest()[:12]}"
    )
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=folder.parent) as name:
            part = Path(name) / "archives"
            (part / "partial").mkdir(parents=True)
            options = [f"Dir::State::status={root}/var/lib/dpkg/status", f"Dir::Cache::archives={part}"]
            apt = ["apt-get", "-q", "-y", *(word for option in options for word in ("-o", option))]
            apt += ["-o", "APT::Sandbox::User=root"]
            install = [*apt, "install", "--download-only", "--no-install-recommends", *names]
            subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
            (part / "partial").rmdir()
            (part / "lock").unlink(missing_ok=True)
            part.chmod(0o755)
            part.rename(folder)
    return folder


def make_package(
    folder: Path, name: str, version: str, files: Mapping[str, str], depends: str = "", scripts: Mapping[str, str] = {}
) -> None:
    """A .deb with these files (path -> text, all executable)."""
    with tempfile.TemporaryDirectory() as place:
        top = Path(place)
        control = {
            "Package": name,
            "Version": version,
            "Architecture": "amd64",
            "Maintainer": "a test <test@localhost>",
        }
        control |= {"Depends": depends} if depends else {}
        lines = [f"{key}: {value}" for key, value in {**control, "Description": f"{name} of a test"}.items()]
        put = {**files, "DEBIAN/control": "\n".join(lines) + "\n", **{f"DEBIAN/{k}": v for k, v in scripts.items()}}
        for path, text in put.items():
            target = top / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            target.chmod(0o755)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-b", place, str(folder)], check=True, stdout=subprocess.DEVNULL
        )


def index(folder: Path, key: str = "", home: Path | None = None) -> None:
    """Make a folder of .deb files a flat repository.

    Args:
        key: fingerprint of the key that signs it, in the gpg home ``home``; "" leaves it unsigned.
    """
    entries = []
    for deb in sorted(folder.glob("*.deb")):
        fields = subprocess.run(["dpkg-deb", "-f", deb], check=True, capture_output=True, text=True).stdout
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        entries.append(f"{fields}Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n")
    packages = "\n".join(entries).encode()
    (folder / "Packages").write_bytes(packages)
    digest = hashlib.sha256(packages).hexdigest()
    (folder / "Release").write_text(
        f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n {digest} {len(packages)} Packages\n"
    )
    if key:
        sign = [
            "gpg",
            "--homedir",
            str(home),
            "--batch",
            "--yes",
            "-u",
            key,
            "--clearsign",
            "-o",
            "InRelease",
            "Release",
        ]
        subprocess.run(sign, cwd=folder, check=True, capture_output=True)


def make_key(home: Path, public: Path) -> str:
    """A new OpenPGP key without a passphrase; its fingerprint, its public half ASCII-armored in a file."""
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch"]
    subprocess.run([*gpg, "--passphrase", "", "--quick-gen-key", "test", "ed25519"], check=True, capture_output=True)
    shown = subprocess.run([*gpg, "--list-keys", "--with-colons"], check=True, capture_output=True, text=True).stdout
    fingerprint = next(line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr:"))
    public.write_text(subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True, text=True).stdout)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    return fingerprint


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


@contextmanager
def served(lab: Lab, folder: Path) -> Iterator[str]:
    """The URL of a folder, as hosts of the lab reach it."""
    with lab.netns():
        server = ThreadingHTTPServer((str(lab.network[1]), 0), partial(_Quiet, directory=os.fspath(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{lab.network[1]}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
