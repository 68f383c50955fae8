"""What aksprov's scripts do on a lab host without PowerShell's engine, in Python: look at the host, take a bundle.

winrmhost loads it by its path.  So a bench counts what goes over the line and what the client spends, not an engine.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

HOME = "C:\\ProgramData\\aksprov"


def _manifest(call: Any) -> Path:
    return Path(call.fs.path(f"{HOME}\\manifest.json"))


async def look(call: Any) -> None:
    """observe.ps1: facts, the manifest, and the hashes of its files."""
    place = _manifest(call)
    manifest = place.read_text() if place.exists() else ""
    files = []
    for listed in json.loads(manifest)["files"] if manifest else ():
        content = call.fs.path(listed["path"].replace("/", "\\")).read_bytes()
        files.append({"path": listed["path"], "kind": "file", "sha256": hashlib.sha256(content).hexdigest()})
    facts = {"hostname": "WINHOST", "powershell": "5.1", "manifest": manifest, "files": files}
    call.out(json.dumps(facts))


async def apply(call: Any) -> None:
    """apply.ps1: the zip's hash is checked, its files are put in place, the manifest is the last one."""
    asked = json.loads(call.params["Request"])
    content = b"".join([base64.b64decode(piece) async for piece in call.stdin()])
    assert hashlib.sha256(content).hexdigest() == asked["sha256"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        header = json.loads(archive.read("header.json"))
        for file in header["files"]:
            place = call.fs.path(file["path"].replace("/", "\\"))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(file["entry"]))
    _manifest(call).parent.mkdir(parents=True, exist_ok=True)
    _manifest(call).write_text(header["manifest"])
    call.out(json.dumps({"steps": [[step, "done", ""] for step in header["steps"]]}))


def register(rules: Any) -> None:
    """The two scripts of a run."""
    rules.add("Win32_OperatingSystem", look)
    rules.add("function Switch-All", apply)
