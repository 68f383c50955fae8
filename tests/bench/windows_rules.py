"""What aksprov's scripts do on a lab host without PowerShell's engine, in Python: look at the host, take a bundle.

winrmhost loads it by its path.  So a bench counts what goes over the line and what the client spends, not an engine.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HOME = "C:\\ProgramData\\aksprov"


def _manifest(call: Any) -> Path:
    return Path(call.fs.path(f"{HOME}\\manifest.json"))


async def store(call: Any) -> None:
    """store.ps1: over WinRS a script is a file first."""
    place = call.fs.path(HOME + "\\run\\" + re.search(r"\w+\.ps1", call.text)[0])
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"".join([data async for data in call.stdin()]))


async def _given(call: Any) -> tuple[dict[str, Any], Iterator[bytes]]:
    """What a script was asked, and its pipeline input."""
    if call.kind == "psrp":
        return json.loads(call.params["Request"]), iter([base64.b64decode(piece) async for piece in call.stdin()])
    first, *pieces = b"".join([data async for data in call.stdin()]).split(b"\n")
    return json.loads(json.loads(first)["parameters"]["Request"]), map(base64.b64decode, pieces)


async def look(call: Any) -> None:
    """observe.ps1: facts, the manifest, and the hashes of its files."""
    place = _manifest(call)
    manifest = place.read_text() if place.exists() else ""
    files, same = [], []
    for number, listed in enumerate(json.loads(manifest)["files"] if manifest else ()):
        digest = hashlib.sha256(call.fs.path(listed["path"].replace("/", "\\")).read_bytes()).hexdigest()
        if digest == listed["sha256"]:
            same.append(number)
        else:
            files.append({"path": listed["path"], "kind": "file", "sha256": digest})
    host = {"hostname": "WINHOST", "powershell": "5.1"}
    call.out(json.dumps(host | {"manifest": manifest, "files": files, "same": same}))


async def apply(call: Any) -> None:
    """apply.ps1: the zip's hash is checked, its files are put in place, the manifest is the last one."""
    asked, pieces = await _given(call)
    content = b"".join(pieces)
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
    """The scripts of a run."""
    rules.add(r"WriteAllText\(\$D", store)
    rules.add("Win32_OperatingSystem", look)
    rules.add("function Switch-All", apply)
