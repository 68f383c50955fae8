"""A real pwsh as the child behind a shell: its environment, what it runs first, and the library that gives it Windows paths."""

from __future__ import annotations

import asyncio
import base64
import codecs
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import typing as t

if t.TYPE_CHECKING:
    from .server import WinRMHost

HERE = pathlib.Path(__file__).resolve().parent
KEPT = {"PATH", "HOME", "LANG", "TMPDIR", "TZ", "AKSPROV_LAB_CACHE", "XDG_CACHE_HOME", "LD_LIBRARY_PATH"}
NATIVE = {"sc", "netsh", "reg", "icacls", "takeown", "w32tm", "shutdown"}  # programs that the modules have as functions
PROLOGUE = f"& '{str(HERE / 'windows' / 'init.ps1').replace(chr(39), chr(39) * 2)}';"


def winpath() -> pathlib.Path | None:
    """winpath.c compiled, once for a user and version; None without a C compiler."""
    source = HERE / "winpath.c"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    folder = pathlib.Path(tempfile.gettempdir()) / f"winrmhost-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} is another user's")
    library = folder / f"winpath-{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}.so"
    if not library.exists():
        part = folder / f"{library.name}.{os.getpid()}"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", part, source, "-ldl"], check=True, capture_output=True
        )
        part.replace(library)
    return library


def environment(
    host: WinRMHost, user: str, extra: dict[str, str] | None = None, cwd: str | None = None
) -> dict[str, str]:
    """Windows' variables, each also in capitals and in small letters, since names differ by case on Linux; PATH stays Linux's."""
    env = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith(("DOTNET_", "LC_"))}
    for name, value in {**host.fs(user).env, **host.windows.variables(host.fs(user).percent), **(extra or {})}.items():
        spellings = {"Path", "path"} if name.upper() == "PATH" else {name, name.upper(), name.lower()}
        env.update(dict.fromkeys(spellings, value))
    modules = host.fs(user).path(r"C:\Program Files\WindowsPowerShell\Modules")
    env |= {
        "WINRMHOST_ROOT": str(host.root),
        "WINRMHOST_STATE": str(host.state_dir),
        "PSModulePath": f"{HERE / 'windows'}:{modules}",
    }
    env |= {
        "PSModuleAnalysisCachePath": str(host.state_dir / "modules.cache"),
        "POWERSHELL_DIAGNOSTICS_OPTOUT": "1",
        "DOTNET_EnableDiagnostics": "0",
    }
    if host.winpath:
        env["LD_PRELOAD"] = str(host.winpath)
    if cwd:
        env["WINRMHOST_CWD"] = cwd
    return env


async def start(
    host: WinRMHost, user: str, *args: str, extra: dict[str, str] | None = None, cwd: str | None = None, **kw: t.Any
) -> asyncio.subprocess.Process:
    """pwsh, in the user's profile folder. (A process's own folder is where .NET starts from for relative paths, not where PowerShell does.)"""
    return await asyncio.create_subprocess_exec(
        host.pwsh, "-NoProfile", *args, env=environment(host, user, extra, cwd), cwd=host.fs(user).path(cwd or "."),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, **kw,
    )  # fmt: skip


def exit_code(host: WinRMHost, child: asyncio.subprocess.Process) -> int:
    """As Windows has it: winpath leaves one of more than 8 bits in a file."""
    whole = host.state_dir / f"exit.{child.pid}"
    if not whole.exists():
        return child.returncode
    code = int(whole.read_text())
    whole.unlink()
    return code


def encoded(script: str) -> str:
    return base64.b64encode(script.encode("utf-16-le")).decode()


def with_prologue(script: str) -> str:
    """The prologue is a line of its own. `using` and `param` must come first in a script: such a script is made a block
    of its own, and its exit code is 0 unless it throws or exits."""
    if re.match(r"(\s|#[^\n]*\n|<#.*?#>)*(using\s|param\b|#requires|\[CmdletBinding)", script, re.I | re.S):
        text = base64.b64encode(script.encode()).decode()
        script = f". ([scriptblock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{text}'))))"
    return PROLOGUE + "\n" + script


def split_arguments(line: str) -> list[str]:
    """A command line's words, by the rules of CommandLineToArgvW."""
    words: list[str] = []
    word, quoted, started, i = "", False, False, 0
    while i < len(line):
        run = re.match(r'(\\*)(")?', line[i:])
        slashes, quote = run[1], run[2]
        if slashes or quote:
            word += "\\" * (len(slashes) // 2 if quote else len(slashes))
            started = True
            i += len(slashes)
            if quote and len(slashes) % 2:
                word += '"'
            elif quote and quoted and line[i + 1 : i + 2] == '"':
                word, i = word + '"', i + 1
            elif quote:
                quoted = not quoted
            i += bool(quote)
        elif line[i] in " \t" and not quoted:
            if started:
                words.append(word)
            word, started, i = "", False, i + 1
        else:
            word, started, i = word + line[i], True, i + 1
    return [*words, word] if started else words


def quote(word: str) -> str:
    """A word of `powershell -File x.ps1 ...` as script text: -name and -name:value are parameters, anything else is a string."""
    literal = lambda v: v if v.lower() in ("$true", "$false", "$null") else "'" + v.replace("'", "''") + "'"  # noqa: E731
    if m := re.fullmatch(r"(-[A-Za-z_]\w*)(?::(.*))?", word, re.S):
        return m[1] if m[2] is None else f"{m[1]}:{literal(m[2])}"
    return "'" + word.replace("'", "''") + "'"


class Console:
    """What pwsh writes, UTF-8 and \\n, as powershell.exe writes it: the console's code page and \\r\\n."""

    def __init__(self, encoding: str, errors: bool = False) -> None:
        self.encoding, self.errors = encoding, errors
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.after_cr = False

    def convert(self, data: bytes, final: bool = False) -> bytes:
        text = self.decode(data, final)
        if not text:
            return b""
        out = re.sub(r"(?<!\r)\n", "\r\n", ("\r" if self.after_cr else "") + text)[self.after_cr :]
        self.after_cr = text.endswith("\r")
        if self.errors:  # the prologue's line does not count
            out = re.sub(r"At line:(\d+) char", lambda m: f"At line:{int(m[1]) - 1} char", out)
        return out.encode(self.encoding, "replace")
