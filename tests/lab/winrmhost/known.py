"""What the fixed scripts of known clients do, in Python: pypsrp/psrp file copies, Ansible's wrapper, and the bundle receiver.

`register(rules)` is called once per host; a --rules file does the same for the scripts of whatever is being tested, and its
rules come first. A handler gets a Call: call.text, .args, .params, .env, .stdin() (pipeline objects or bytes), .fs (WinFS),
.out(value), .error(message), and may raise ScriptError or ExitScript.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import ntpath
import typing as t
import zipfile

from .executor import Call, ExitScript, Rules, ScriptError


def register(rules: Rules) -> None:
    rules.add(r"#\s*winrmhost-bundle-receiver v1", bundle)
    rules.add(r"Failed to disable MaximumAllowedMemory.*Transport failure, hash mismatch", pypsrp_copy)  # pypsrp 0.x
    rules.add(r"\$raw_src_path = \$MyInvocation\.UnboundArguments", pypsrp_fetch)
    rules.add(
        r"\[byte\[\]\]\s*\$InputObject.*\$tempPath = \[System\.IO\.Path\]::GetTempFileName", psrp_copy
    )  # psrp 1.0.0b1
    rules.add(r"\[int\]\s*\$BufferSize,.*\$hashValue", psrp_fetch)
    rules.add(r"foreach \(\$in in \$input\).*\$code\.params\.PSObject\.Properties", ansible)


def _write(call: Call, dest: str, data: bytes) -> str:
    path = call.fs.path(dest, call.cwd)
    if not path.parent.is_dir():
        raise ScriptError(
            f"Could not find a part of the path '{call.fs.full(dest, call.cwd)}'.",
            "DirectoryNotFoundException",
            "MethodInvocationException",
        )
    path.write_bytes(data)
    return call.fs.full(dest, call.cwd)


def _read(call: Call, src: str) -> bytes:
    path = call.fs.path(src, call.cwd)
    if path.is_dir():
        raise ScriptError(
            f"The path at '{src}' is a directory, src must be a file",
            f"The path at '{src}' is a directory, src must be a file",
        )
    if not path.is_file():
        raise ScriptError(f"The path at '{src}' does not exist", f"The path at '{src}' does not exist")
    return path.read_bytes()


async def _chunks(call: Call) -> list[bytes]:
    """Pipeline input that is either base64 text or byte arrays."""
    return [bytes(x) if isinstance(x, (bytes, bytearray)) else base64.b64decode(str(x)) async for x in call.stdin()]


async def pypsrp_copy(call: Call) -> None:
    *parts, digest = await _chunks(call)
    data = b"".join(parts)
    actual = hashlib.sha1(data).hexdigest()
    if digest.decode() != actual:
        raise ScriptError(f"Transport failure, hash mismatch\r\nActual: {actual}\r\nExpected: {digest.decode()}")
    dest = str(call.args[0])
    call.out(_write(call, call.expand(dest) if call.args[1] else dest, data))


async def pypsrp_fetch(call: Call) -> None:
    src = str(call.args[0])
    data = _read(call, call.expand(src) if call.args[1] else src)
    if data:
        call.out(base64.b64encode(data).decode())
    call.out(hashlib.sha1(data).hexdigest())


async def psrp_copy(call: Call) -> None:
    parts: list[bytes] = []
    digest = ""
    async for x in call.stdin():
        if isinstance(x, (bytes, bytearray)):
            parts.append(bytes(x))
        else:
            digest = str(x)
    data = b"".join(parts)
    if not digest and parts:  # the last block is the hex digest as bytes
        digest, data = parts[-1].decode(), b"".join(parts[:-1])
    if digest != hashlib.sha1(data).hexdigest():
        raise ScriptError("Transport failure, hash mismatch")
    dest = str(call.params["Path"])
    call.out(_write(call, call.expand(dest) if call.params.get("ExpandVariables") else dest, data))


async def psrp_fetch(call: Call) -> None:
    src = str(call.params["Path"])
    data, step = (
        _read(call, call.expand(src) if call.params.get("ExpandVariables") else src),
        int(call.params["BufferSize"]),
    )
    for i in range(0, len(data), step):
        call.out(data[i : i + step])
    call.out(hashlib.sha1(data).hexdigest())


async def bundle(call: Call) -> None:
    """checks/receive-bundle.ps1: a zip in base64 pieces on the pipeline, its SHA-256 and the target folder as parameters."""
    data = b"".join(await _chunks(call))
    digest = hashlib.sha256(data).hexdigest()
    if digest != str(call.params["Sha256"]).lower():
        raise ScriptError(f"bundle damaged in transfer: got {digest}", "BundleHashMismatch")
    target = call.fs.path(call.expand(str(call.params["Destination"])), call.cwd)
    target.mkdir(parents=True, exist_ok=True)
    names = []
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        for item in z.infolist():
            if item.is_dir():
                continue
            path = call.fs.path(
                ntpath.join(
                    call.fs.full(call.expand(str(call.params["Destination"])), call.cwd),
                    item.filename.replace("/", "\\"),
                )
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(z.read(item))
            names.append(item.filename)
    call.out(json.dumps({"files": len(names), "bytes": len(data), "sha256": digest}))


async def ansible(call: Call) -> int:
    """Ansible's bootstrap_wrapper.ps1: JSON of the code to run, four NULs, a JSON manifest of actions, four NULs, input lines."""
    lines: list[str] = []
    if call.kind == "psrp":
        async for x in call.stdin():
            lines += str(x).split("\n")
    else:
        raw = b"".join([b async for b in call.stdin()])
        lines = raw.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip("\r") == "\0\0\0\0":
            blocks.append([])
        elif line:
            blocks[-1].append(line)
    code = json.loads("".join(blocks[0]))
    manifest = json.loads("".join(blocks[1])) if len(blocks) > 1 and blocks[1] else {}
    data = [base64.b64decode(x) for x in blocks[2]] if len(blocks) > 2 else []
    for action in manifest.get("actions", []):
        p = action.get("params") or {}
        match action["name"]:
            case "powershell_expand_user.ps1":
                home = call.fs.env["USERPROFILE"]
                path = p["Path"]
                call.out(home if path == "~" else home + path[1:] if path.startswith("~\\") else path)
            case "powershell_mkdtemp.ps1":
                full = ntpath.join(call.expand(p["Directory"]), p["Name"])
                call.fs.path(full).mkdir(parents=True)
                call.out(full)
            case "winrm_put_file.ps1" | "psrp_put_file.ps1":
                _write(call, p["Path"], b"".join(data))
                call.out(json.dumps({"sha1": hashlib.sha1(b"".join(data)).hexdigest()}))
            case "winrm_fetch_file.ps1":
                content = _read(call, p["Path"])[p["Offset"] :][: p["BufferSize"]]
                if content:
                    call.out(base64.b64encode(content).decode())
            case "psrp_fetch_file.ps1":
                content = _read(call, p["Path"])
                call.out("[FILE]")
                for i in range(0, len(content), p["BufferSize"]):
                    call.out(base64.b64encode(content[i : i + p["BufferSize"]]).decode())
            case "module_wrapper.ps1":
                call.out(json.dumps(_module(call, p)))
            case other:
                raise ScriptError(f"winrmhost: Ansible action {other} not recognised", "WinRMHostUnknownScript")
    if not manifest:
        raise ScriptError(f"winrmhost: Ansible code {code.get('name')} without a manifest", "WinRMHostUnknownScript")
    return 0


def _module(call: Call, p: dict[str, t.Any]) -> dict[str, t.Any]:
    args = p.get("ModuleArgs") or p.get("module_args") or {}
    args = args.get("complex_args", args) if isinstance(args, dict) else {}
    name = str(p.get("ModuleName") or p.get("Script") or p.get("name") or "")
    if "win_ping" in name:
        return {"ping": args.get("data", "pong"), "changed": False}
    return {"failed": True, "msg": f"winrmhost: module {name!r} not emulated", "params": sorted(p)}


__all__ = ["ExitScript", "register"]
