"""What commands and scripts do: rules for known scripts, a mini interpreter for plain ones, or a real pwsh child."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import hashlib
import importlib.util
import os
import re
import signal
import typing as t

from . import engine
from .winfs import WinFS

if t.TYPE_CHECKING:
    from .server import WinRMHost


class ScriptError(Exception):
    """A terminating error of a script."""

    def __init__(self, message: str, fqid: str = "RuntimeException", kind: str = "RuntimeException") -> None:
        super().__init__(message)
        self.fqid, self.kind = fqid, kind


class ExitScript(Exception):
    def __init__(self, rc: int) -> None:
        self.rc = rc


class Unrecognised(Exception):
    """No rule knows the script and the mini interpreter cannot run it."""


@dataclasses.dataclass
class Call:
    """One script or command line, whichever way it came."""

    kind: t.Literal["cmd", "powershell", "psrp"]
    user: str
    text: str
    fs: WinFS
    sink: t.Any  # output(value), error(message, fqid, terminating), record(kind, message)
    stdin: t.Callable[[], t.AsyncIterator[t.Any]]  # pipeline objects (psrp) or bytes (WinRS)
    env: dict[str, str] = dataclasses.field(default_factory=dict)
    cwd: str | None = None
    args: list[t.Any] = dataclasses.field(default_factory=list)
    params: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    as_text: bool = False  # ... | Out-String -Stream

    def out(self, value: t.Any) -> None:
        self.sink.output(str(value) if self.as_text else value)

    def error(self, message: str, fqid: str = "Microsoft.PowerShell.Commands.WriteErrorException") -> None:
        self.sink.error(message, fqid, False)

    def expand(self, text: str) -> str:
        return self.fs.expand(text, self.env)

    @classmethod
    def of_pipeline(cls, shell: t.Any, user: str, fs: WinFS, sink: t.Any, stdin: t.Any) -> Call:
        """A PSRP pipeline as one script: its script block, the argument of Invoke-Expression, or the cmdlets written out."""
        call = cls("psrp", user, "", fs, sink, stdin)
        lines: list[str] = []
        parts: list[str] = []
        for c in shell.commands:
            named = {k.lstrip("-").lower(): v for k, v in c.parameters if k}
            if not c.is_script and c.command_text.lower() == "invoke-expression":
                parts.append(str(named.get("command", c.parameters[0][1] if c.parameters else "")))
            elif not c.is_script and c.command_text.lower() == "out-string":
                call.as_text = True
            elif (
                not c.is_script
                and c.command_text.lower() == "new-item"
                and str(named.get("path", "")).lower() == "env:"
            ):
                call.env[str(named["name"])] = str(named["value"])
            elif c.command_text.lower() != "out-null":
                if c.is_script:
                    parts.append(c.command_text)
                    call.args = [v for k, v in c.parameters if not k]
                    call.params = {k.lstrip("-"): v for k, v in c.parameters if k}
                else:
                    parts.append(
                        " ".join(
                            [c.command_text, *(f"-{k.lstrip('-')} '{v}'" if k else f"'{v}'" for k, v in c.parameters)]
                        )
                    )
            if c.end_of_statement and parts:
                lines.append(" | ".join(parts))
                parts = []
        call.text = "\n".join(lines)
        return call


Handler = t.Callable[[Call], t.Awaitable[int | None]]


def syntax_errors(script: str) -> list[list[t.Any]] | None:
    """[line, column, text] of each place the tree-sitter-pwsh grammar cannot read; None without that package."""
    try:
        import tree_sitter
        import tree_sitter_pwsh
    except ImportError:
        return None
    source = script.encode()
    found: list[list[t.Any]] = []
    queue = [tree_sitter.Parser(tree_sitter.Language(tree_sitter_pwsh.language())).parse(source).root_node]
    while queue:
        node = queue.pop(0)
        if node.is_error or node.is_missing:
            found.append(
                [
                    node.start_point[0] + 1,
                    node.start_point[1] + 1,
                    source[node.start_byte : node.end_byte][:60].decode(errors="replace") or node.type,
                ]
            )
        elif node.has_error:
            queue += node.children
    return found


class Rules:
    """Patterns on the whole script text; the first match runs."""

    def __init__(self) -> None:
        self.table: list[tuple[re.Pattern[str], Handler]] = []

    def add(self, pattern: str, handler: Handler, flags: int = re.I | re.S) -> None:
        self.table.insert(0, (re.compile(pattern, flags), handler))

    def find(self, text: str) -> Handler | None:
        return next((h for p, h in self.table if p.search(text)), None)


class Executor:
    def __init__(self, host: WinRMHost) -> None:
        self.host = host
        self.rules = Rules()
        from . import known

        known.register(self.rules)
        for path in host.config.rules:
            spec = importlib.util.spec_from_file_location("winrmhost_rules", path)
            mod = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(mod)
            mod.register(self.rules)

    # PSRP -----------------------------------------------------------------
    def note(self, call: Call, via: str) -> None:
        self.host.record(
            "script",
            via=via,
            user=call.user,
            text=call.text,
            args=[repr(a)[:200] for a in call.args],
            params={k: repr(v)[:200] for k, v in call.params.items()},
            syntax=syntax_errors(call.text),
        )

    async def run_pipeline(self, call: Call) -> None:
        self.note(call, "psrp")
        try:
            await self.script(call)
        except ExitScript as e:
            call.sink.exit(e.rc)

    # WinRS ----------------------------------------------------------------
    async def run_cmd(self, call: Call, skip_cmd: bool) -> int:
        limit = 32767 if skip_cmd else self.host.config.cmd_line_limit
        self.host.record(
            "command",
            user=call.user,
            line=call.text,
            length=len(call.text),
            skip_cmd=skip_cmd,
            over_limit=len(call.text) > limit,
        )
        if len(call.text) > limit:
            call.sink.error("The command line is too long.", None, False)
            return 1
        m = re.match(
            r'\s*(?:cmd(?:\.exe)?\s+/c\s+)?("?)(?:[A-Za-z]:\\[^"]*\\)?(powershell|pwsh)(?:\.exe)?\1(?=\s|$)(.*)',
            call.text,
            re.I | re.S,
        )
        if m:
            return await self.powershell(call, m[3] if skip_cmd else call.fs.percent(m[3], call.env))
        words = engine.split_arguments(call.text)
        if self.host.pwsh and words and words[0].lower().removesuffix(".exe") in engine.NATIVE:
            line = " ".join(
                "'" + w.replace("'", "''") + "'" for w in [words[0].lower().removesuffix(".exe") + ".exe", *words[1:]]
            )
            return await self._real_pwsh(call, f"& {line}; exit $LASTEXITCODE")
        return await mini_cmd(call)

    async def powershell(self, call: Call, rest: str) -> int:
        words = engine.split_arguments(rest)
        script = file = None
        while words:
            o = words.pop(0)
            low = "-" + o.lower()[1:] if o[:1] == "/" else o.lower()
            if low == "-":
                script = "-"
            elif (low.startswith("-") and "-encodedcommand".startswith(low)) or low == "-ec":
                script = base64.b64decode(words.pop(0)).decode("utf-16-le")
                call.sink.clixml = True
            elif low.startswith("-") and "-command".startswith(low):
                script, words = " ".join(words), []
            elif low.startswith("-f") and "-file".startswith(low):
                file, call.args, words = words[0], words[1:], []
            elif low in (
                "-executionpolicy",
                "-ep",
                "-ex",
                "-version",
                "-inputformat",
                "-outputformat",
                "-windowstyle",
                "-configurationname",
            ):
                words.pop(0)
            elif not low.startswith("-"):
                script, words = " ".join([o, *words]), []
        if script == "-" or file == "-":
            script, file = b"".join([b async for b in call.stdin()]).decode("utf-8-sig"), None
        if file is not None:
            path = call.fs.path(call.expand(file), call.cwd)
            if not path.is_file():
                msg = f"The argument '{file}' to the -File parameter does not exist. Provide the path to an existing '.ps1' file as an argument to the -File parameter."
                call.sink.error(msg, None, False)
                return -196608
            script = path.read_text("utf-8-sig")
        if script is None:
            raise Unrecognised("interactive powershell")
        sub = dataclasses.replace(call, kind="powershell", text=script)
        self.note(sub, "winrs")
        quiet = re.search(r"\$ProgressPreference\s*=\s*['\"]?(SilentlyContinue|0)", script, re.I)
        if (
            call.sink.clixml
            and self.host.config.progress_noise
            and not quiet
            and re.search(r"\b[A-Z][a-z]+-[A-Z]\w+", script)
        ):
            call.sink.progress()
        if self.host.pwsh:
            if file is not None:  # an exit code that the script did not give is 0, whatever a program in it returned
                run = " ".join(
                    ["&", engine.quote(call.fs.full(call.expand(file), call.cwd)), *map(engine.quote, call.args)]
                )
                script = (
                    ("$input | " if re.search(r"\$input\b", script, re.I) else "")
                    + run
                    + "; if ($?) { exit 0 } else { exit $LASTEXITCODE }"
                )
            return await self._real_pwsh(call, script)
        try:
            return int(await self.script(sub) or 0)
        except ExitScript as e:
            return e.rc
        except ScriptError as e:
            call.sink.error(str(e), e.fqid, False)
            return 1

    async def _real_pwsh(self, call: Call, script: str) -> int:
        sink = call.sink
        child = await engine.start(
            self.host,
            call.user,
            "-EncodedCommand",
            engine.encoded(engine.with_prologue(script)),
            extra=call.env,
            cwd=call.cwd,
            stderr=asyncio.subprocess.PIPE,
        )

        async def feed() -> None:
            with contextlib.suppress(ConnectionError):
                async for data in call.stdin():
                    child.stdin.write(data)
                    await child.stdin.drain()
                child.stdin.close()

        async def drain(stream: str, pipe: asyncio.StreamReader) -> None:
            console = engine.Console(sink.encoding, stream == "stderr")
            while data := await pipe.read(32768):
                show(stream, console.convert(data))
            show(stream, console.convert(b"", True))

        def show(stream: str, data: bytes) -> None:
            if stream == "stderr" and sink.clixml:
                errors.append(data)
            else:
                sink.raw(stream, data)

        errors: list[bytes] = []
        feeder = asyncio.create_task(feed())
        try:
            await asyncio.gather(drain("stdout", child.stdout), drain("stderr", child.stderr))
            await child.wait()
        finally:
            feeder.cancel()
            if child.returncode is None:
                child.terminate()
                await child.wait()
            self.host.windows.listen()
        if text := b"".join(errors).decode(sink.encoding):
            sink.clixml_lines(text.removesuffix("\r\n").split("\r\n"))
        return engine.exit_code(self.host, child)

    # scheduled tasks ------------------------------------------------------
    async def run_task(self, key: str) -> None:
        """`powershell.exe ... -File SCRIPT` of a task that was started, as SYSTEM; no connection's end ends it."""
        action = self.host.windows.state["tasks"][key]["actions"][0]
        words = engine.split_arguments(action["Arguments"])
        fs = self.host.fs("SYSTEM")
        file = fs.full(words[[w.lower() for w in words].index("-file") + 1], None)
        run = f"& {engine.quote(file)}; if ($?) {{ exit 0 }} else {{ exit $LASTEXITCODE }}"
        argument = engine.encoded(engine.with_prologue(run))
        child = await engine.start(
            self.host,
            "SYSTEM",
            "-EncodedCommand",
            argument,
            cwd=r"C:\Windows\System32",
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        said = b""
        try:
            said, _ = await child.communicate(b"")
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                await child.wait()
            self.host.windows.listen()
            self.host.record(
                "task", task=key, status=engine.exit_code(self.host, child), said=said.decode(errors="replace")
            )
            with self.host.windows.edit() as state:
                if key in state["tasks"]:
                    state["tasks"][key]["state"] = "Ready"

    # both -----------------------------------------------------------------
    async def script(self, call: Call) -> int | None:
        if handler := self.rules.find(call.text):
            return await handler(call)
        try:
            return await MiniPS(call).run()
        except Unrecognised as e:
            if self.host.config.unknown == "ok":
                return 0
            digest = hashlib.sha256(call.text.encode()).hexdigest()[:12]
            raise ScriptError(f"winrmhost: script {digest} not recognised ({e})", "WinRMHostUnknownScript") from None


class MiniPS:
    """Statements with one literal argument each: enough for plain checks, nothing more."""

    def __init__(self, call: Call) -> None:
        self.call, self.vars, self.stop = call, {}, False

    def value(self, e: str) -> str:
        e, c = e.strip(), self.call
        if m := re.fullmatch(r"'((?:[^']|'')*)'", e):
            return m[1].replace("''", "'")
        if m := re.fullmatch(r'"((?:[^"`]|`.|"")*)"', e):
            body = re.sub(r"\$(\w+)(?!:)", lambda v: str(self.vars.get(v[1].lower(), "")), m[1])
            return re.sub(
                r"`(.)", lambda q: {"n": "\n", "r": "\r", "t": "\t"}.get(q[1], q[1]), c.fs.expand(body, c.env)
            ).replace('""', '"')
        if re.fullmatch(r"-?\d+", e):
            return e
        if m := re.fullmatch(r"\$env:(\w+)", e, re.I):
            return c.fs.expand(e, c.env)
        if re.fullmatch(r"\$PSVersionTable\.PSVersion(\.ToString\(\))?", e, re.I):
            return "5.1.20348.2700"
        if re.fullmatch(r"\$PSVersionTable\.PSVersion\.Major", e, re.I):
            return "5"
        if m := re.fullmatch(r"\$(\w+)", e):
            return self.vars.get(m[1].lower(), "")
        if re.fullmatch(r"[\w.:\\-]+", e):
            return e
        raise Unrecognised(e[:80])

    def literal(self, e: str) -> str | int:
        return int(e) if re.fullmatch(r"-?\d+", e.strip()) else self.value(e)

    async def run(self) -> int | None:
        for s in re.findall(r"""(?:'(?:[^']|'')*'|"(?:[^"`]|`.|"")*"|[^;\n'"])+""", self.call.text):
            if s.strip() and not s.strip().startswith("#"):
                await self.statement(s.strip())
        return None

    async def statement(self, s: str) -> None:
        c = self.call
        if m := re.fullmatch(r"\$(\w+)\s*=\s*(.+)", s, re.S):
            self.vars[m[1].lower()] = self.value(m[2])
            self.stop = self.vars.get("erroractionpreference", "").lower() == "stop"
        elif m := re.fullmatch(r"(?:Write-Output|echo)\s+(?:-InputObject\s+)?(.+)", s, re.I | re.S):
            c.out(self.literal(m[1]))
        elif m := re.fullmatch(r"Write-Host\s+(.+)", s, re.I | re.S):
            c.sink.record("host", self.value(m[1]))
        elif m := re.fullmatch(r"Write-(Warning|Verbose)\s+(.+)", s, re.I | re.S):
            c.sink.record(m[1].lower(), self.value(m[2]))
        elif m := re.fullmatch(r"Write-Error\s+(?:-Message\s+)?(.+)", s, re.I | re.S):
            if self.stop:
                raise ScriptError(self.value(m[1]), "Microsoft.PowerShell.Commands.WriteErrorException")
            c.error(self.value(m[1]))
        elif m := re.fullmatch(r"throw\s+(.+)", s, re.I | re.S):
            raise ScriptError(self.value(m[1]), self.value(m[1]))
        elif m := re.fullmatch(r"exit(?:\s+(.+))?", s, re.I):
            raise ExitScript(int(self.value(m[1] or "0") or 0))
        elif m := re.fullmatch(r"Start-Sleep\s+(?:-(?:Seconds|s)\s+)?([\d.]+)", s, re.I):
            await asyncio.sleep(float(m[1]))
        elif m := re.fullmatch(r"Start-Sleep\s+-(?:Milliseconds|m)\s+(\d+)", s, re.I):
            await asyncio.sleep(int(m[1]) / 1000)
        elif m := re.fullmatch(r"Test-Path\s+(?:-(?:Literal)?Path\s+)?(.+)", s, re.I):
            c.out(c.fs.path(self.value(m[1]), c.cwd).exists())
        elif m := re.fullmatch(r"Get-Content\s+(?:-Raw\s+)?(?:-(?:Literal)?Path\s+)?(.+?)(?:\s+-Raw)?", s, re.I):
            path = c.fs.path(self.value(m[1]), c.cwd)
            if not path.is_file():
                raise ScriptError(
                    f"Cannot find path '{c.fs.full(self.value(m[1]), c.cwd)}' because it does not exist.",
                    "PathNotFound,Microsoft.PowerShell.Commands.GetContentCommand",
                    "ItemNotFoundException",
                )
            for line in path.read_text("utf-8-sig").splitlines():
                c.out(line)
        elif s.lower() == "hostname":
            c.out(c.fs.env["COMPUTERNAME"])
        elif s.lower() == "whoami":
            c.out(f"{c.fs.env['COMPUTERNAME']}\\{c.user}".lower())
        else:
            c.out(self.literal(s))


async def mini_cmd(call: Call) -> int:
    """A few built-ins of cmd.exe, joined by & and &&."""
    line = re.sub(r"^\s*cmd(?:\.exe)?\s+/[cs]\s*", "", call.text, flags=re.I)
    rc = 0
    for joint, part in re.findall(r"(^|&&|&)((?:\"[^\"]*\"|>&|[^&\"])*)", line):
        if joint == "&&" and rc:
            break
        rc = await _builtin(call, call.expand(part.lstrip()))
    return rc


async def _builtin(call: Call, line: str) -> int:
    word, _, text = line.partition(" ")
    rest, sink = text.strip(), call.sink
    match word.strip().lower().removesuffix(".exe"):
        case "":
            return 0
        case "echo":
            text, redirect, _ = text.partition("1>&2")  # cmd.exe keeps the space before a redirection
            sink.raw("stderr" if redirect else "stdout", (text + "\r\n").encode(sink.encoding, "replace"))
        case "hostname":
            sink.output(call.fs.env["COMPUTERNAME"])
        case "whoami":
            sink.output(f"{call.fs.env['COMPUTERNAME']}\\{call.user}".lower())
        case "ver":
            sink.output("\r\nMicrosoft Windows [Version 10.0.20348.2700]")
        case "set":
            for k, v in sorted({**call.fs.env, **call.env}.items(), key=lambda p: p[0].lower()):
                sink.output(f"{k}={v}")
        case "cd" | "chdir":
            sink.output(call.cwd or call.fs.env["USERPROFILE"])
        case "exit":
            return int(rest.removeprefix("/b").strip() or 0)
        case "ping" | "timeout":
            m = re.search(r"(?:-n|/t)\s+(\d+)", rest)
            await asyncio.sleep(float(m[1]) - (word.lower() == "ping") if m else 1)
        case "more" | "findstr" | "sort":
            async for data in call.stdin():
                sink.raw("stdout", data)
        case "type":
            path = call.fs.path(rest.strip('"'), call.cwd)
            if not path.is_file():
                sink.error("The system cannot find the file specified.", None, False)
                return 1
            sink.raw("stdout", path.read_bytes())
        case _:
            sink.error(
                f"'{word}' is not recognized as an internal or external command,\r\noperable program or batch file.",
                None,
                False,
            )
            return 1
    return 0
