"""The shells of WS-Management: cmd (WinRS) and Microsoft.PowerShell (PSRP, by psrpcore or by a real pwsh)."""

from __future__ import annotations

import asyncio
import base64
import collections
import struct
import time
import typing as t
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import psrpcore
from psrpcore._payload import (
    create_fragment,  # one WSMan Stream element per fragment, as Windows sends them
)
from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    HostInfo,
    HostMethodIdentifier,
    InformationRecordMsg,
    NETException,
    PSCustomObject,
    PSDateTime,
    PSInvocationState,
    PSRPMessageType,
    PSVersion,
    VerboseRecord,
    WarningRecord,
)

from . import engine, wsman
from .executor import Call, ScriptError
from .wsman import NS, RSP, Fault

if t.TYPE_CHECKING:
    from .server import WinRMHost

FRAGMENT = 32 << 10  # BaseTransportManager.DefaultFragmentSize of a Windows server
STATE = RSP + "/CommandState/"


class Output:
    """Bytes waiting for Receive calls; Receive blocks here up to its OperationTimeout."""

    def __init__(self) -> None:
        self.chunks: collections.deque[tuple[str, bytes]] = collections.deque()
        self.rc: int | None = None
        self.delivered = False
        self.aborted: Fault | None = None
        self._wake = asyncio.Event()
        self._one = asyncio.Lock()

    def put(self, stream: str, data: bytes) -> None:
        if data:
            self.chunks.append((stream, data))
            self._wake.set()

    def abort(self, why: Fault) -> None:
        """End a waiting Receive, as deleting or disconnecting its shell does."""
        self.aborted = why
        self._wake.set()

    def finish(self, rc: int) -> None:
        self.rc = rc if self.rc is None else self.rc
        self._wake.set()

    async def take(self, timeout: float, room: int) -> list[tuple[str, bytes]]:
        async with self._one:
            if not self.chunks and self.rc is None:
                self._wake.clear()
                try:
                    await asyncio.wait_for(self._wake.wait(), timeout)
                except TimeoutError:
                    raise wsman.timed_out() from None
            if self.aborted is not None and not self.chunks and self.rc is None:
                why, self.aborted = self.aborted, None
                raise why
            got: list[tuple[str, bytes]] = []
            while self.chunks:
                stream, data = self.chunks[0]
                cost = len(data) * 4 // 3 + 180
                if got and cost > room:
                    break
                if cost > room:  # one chunk larger than an envelope: cut it
                    cut = max(1024, (room - 180) * 3 // 4)
                    self.chunks[0] = (stream, data[cut:])
                    data = data[:cut]
                else:
                    self.chunks.popleft()
                got.append((stream, data))
                room -= cost
            return got


class Command:
    def __init__(self, cid: str) -> None:
        self.id = cid
        self.output = Output()
        self.input: asyncio.Queue[t.Any] = asyncio.Queue()
        self.task: asyncio.Task | None = None
        self.pipeline: psrpcore.ServerPipeline | None = None
        self.received = 0  # bytes from the client, for PSMaximumReceivedDataSizePerCommandMB
        self.partial = 0  # bytes of the PSRP object that is under way
        self.limit_lifted = False  # the script raises that quota by reflection

    async def read(self) -> t.AsyncIterator[t.Any]:
        while (item := await self.input.get()) is not EOF:
            yield item


EOF = object()


class Fragment(t.NamedTuple):
    """One fragment of a PSRP message; raw is all of it, data what follows its header."""

    object_id: int
    start: bool
    end: bool
    data: bytes
    raw: bytes

    @property
    def message_type(self) -> int:
        return struct.unpack_from("<I", self.data, 4)[0] if self.start and len(self.data) >= 8 else 0


def fragments(data: bytes) -> t.Iterator[Fragment]:
    at = 0
    while at + 21 <= len(data):
        (oid,), (n,) = struct.unpack_from(">Q", data, at), struct.unpack_from(">I", data, at + 17)
        yield Fragment(
            oid, bool(data[at + 16] & 1), bool(data[at + 16] & 2), data[at + 21 : at + 21 + n], data[at : at + 21 + n]
        )
        at += 21 + n


def lifts_limit(script: str) -> bool:
    """Whether a script lifts the received-data quota of its pipeline by reflection: pypsrp's, psrp's, and Ansible's wrapper."""
    return "MaximumAllowedMemory" in script or "$code.params.PSObject" in script


class Shell:
    resource = ""

    def __init__(self, host: WinRMHost, owner: str, req: wsman.Request, client_ip: str) -> None:
        body = req.body if req.body is not None else ET.Element("none")
        self.host, self.owner, self.client_ip = host, owner, client_ip
        self.id = (body.attrib.get("ShellId") or str(uuid.uuid4())).upper()
        self.resource = req.resource
        self.session_id = req.session_id
        self.text = lambda name, d="": (body.findtext(f"rsp:{name}", d, NS) or d).strip()
        self.inputs, self.outputs = self.text("InputStreams", "stdin"), self.text("OutputStreams", "stdout stderr")
        idle = self.text("IdleTimeOut")
        self.idle_s = wsman.seconds(idle) if idle.startswith("P") else host.config.idle_timeout_s
        self.created = self.touched = time.monotonic()
        self.state = "Connected"
        self.commands: dict[str, Command] = {}

    def xml(self) -> str:
        run, idle = int(time.monotonic() - self.created), int(time.monotonic() - self.touched)
        dur = lambda s: f"P0DT{s // 3600}H{s % 3600 // 60}M{s % 60}S"  # noqa: E731
        parts = {
            "ShellId": self.id, "ResourceUri": self.resource, "Owner": self.owner, "ClientIP": self.client_ip, "ProcessId": "4242",
            "IdleTimeOut": f"PT{self.idle_s:.3f}S", "InputStreams": self.inputs, "OutputStreams": self.outputs, "MaxIdleTimeOut": "PT2147483.647S",
            "Locale": "en-US", "DataLocale": "en-US", "CompressionMode": "NoCompression", "ProfileLoaded": "Yes", "Encoding": "UTF8",
            "BufferMode": "Block", "State": self.state, "ShellRunTime": dur(run), "ShellInactivity": dur(idle),
        }  # fmt: skip
        return (
            f'<rsp:Shell xmlns:rsp="{RSP}">'
            + "".join(f"<rsp:{k}>{escape(v)}</rsp:{k}>" for k, v in parts.items())
            + "</rsp:Shell>"
        )

    def command(self, cid: str) -> Command:
        c = self.commands.get(cid.upper())
        if c is None:
            raise wsman.no_such_command()
        return c

    def output_for(self, cid: str) -> Output:
        return self.command(cid).output

    async def open(self, req: wsman.Request) -> None: ...

    async def run(self, req: wsman.Request) -> str:
        raise NotImplementedError

    async def send(self, req: wsman.Request) -> None:
        raise NotImplementedError

    async def signal(self, cid: str, code: str) -> None:
        raise NotImplementedError

    async def receive(self, req: wsman.Request) -> str:
        want = req.body.find("rsp:DesiredStream", NS)
        cid = want.attrib.get("CommandId", "").upper()
        out = self.output_for(cid)
        if out.delivered:
            raise wsman.no_such_command()
        got = await out.take(min(req.timeout_s, self.host.config.max_timeout_ms / 1000), req.max_envelope - 1400)
        attr = f" CommandId={quoteattr(cid)}" if cid else ""
        xml = "".join(f'<rsp:Stream Name="{s}"{attr}>{base64.b64encode(d).decode()}</rsp:Stream>' for s, d in got)
        if cid:
            if out.rc is not None and not out.chunks:
                out.delivered = True
                if isinstance(self, CmdShell):
                    xml += "".join(f'<rsp:Stream Name="{s}"{attr} End="true"/>' for s in self.outputs.split())
                xml += f'<rsp:CommandState{attr} State="{STATE}Done"><rsp:ExitCode>{out.rc}</rsp:ExitCode></rsp:CommandState>'
            else:
                xml += f'<rsp:CommandState{attr} State="{STATE}Running"/>'
        return f"<rsp:ReceiveResponse>{xml}</rsp:ReceiveResponse>"

    def kill(self) -> None:
        """The machine goes down: nothing is left to say goodbye to."""

    def abort_receives(self, why: Fault) -> None:
        for out in [*(c.output for c in self.commands.values()), *([self.output] if hasattr(self, "output") else [])]:
            out.abort(why)

    async def close(self) -> None:
        self.abort_receives(wsman.aborted())
        tasks = [c.task for c in self.commands.values() if c.task and not c.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class CmdShell(Shell):
    async def open(self, req: wsman.Request) -> None:
        env = req.body.findall("rsp:Environment/rsp:Variable", NS)
        self.env = {e.attrib["Name"]: e.text or "" for e in env}
        self.cwd = self.text("WorkingDirectory") or None
        self.codepage = int(req.options.get("WINRS_CODEPAGE") or self.host.config.codepage)

    async def run(self, req: wsman.Request) -> str:
        self.host.count_operation(self.owner)
        name = (req.body.findtext("rsp:Command", "", NS) or "").strip()
        args = [(a.text or "") for a in req.body.findall("rsp:Arguments", NS)]
        skip_cmd = req.options.get("WINRS_SKIP_CMD_SHELL", "").upper() == "TRUE"
        c = Command((req.body.attrib.get("CommandId") or str(uuid.uuid4())).upper())
        self.commands[c.id] = c
        c.task = asyncio.create_task(self._work(c, " ".join([name, *args]).strip(), skip_cmd))
        return c.id

    async def _work(self, c: Command, line: str, skip_cmd: bool) -> None:
        sink = _TextSink(c, self.codepage)
        call = Call(
            "cmd", self.owner, line, env=self.env, cwd=self.cwd, fs=self.host.fs(self.owner), sink=sink, stdin=c.read
        )
        rc = -1
        try:
            rc = await self.host.executor.run_cmd(call, skip_cmd)
        except asyncio.CancelledError:
            rc = -1073741510  # STATUS_CONTROL_C_EXIT
        except Exception as e:
            sink.error(f"winrmhost: {e!r}", None, False)
        finally:
            sink.close()
            c.output.finish(rc)

    async def send(self, req: wsman.Request) -> None:
        for s in req.body.findall("rsp:Stream", NS):
            c = self.command(s.attrib.get("CommandId", ""))
            if s.text:
                c.input.put_nowait(base64.b64decode(s.text))
            if s.attrib.get("End", "").lower() == "true":
                c.input.put_nowait(EOF)

    async def signal(self, cid: str, code: str) -> None:
        c = self.command(cid)
        if c.task and not c.task.done():
            c.task.cancel()
            await asyncio.wait([c.task])
        if code.lower().endswith("/terminate"):
            self.commands.pop(c.id, None)


class _TextSink:
    """Where a WinRS command writes: bytes in the shell's code page."""

    def __init__(self, c: Command, codepage: int) -> None:
        self.c, self.encoding = c, "utf-8" if codepage == 65001 else f"cp{codepage}"
        self.clixml = False  # powershell -EncodedCommand writes its error stream as CLIXML, one document at its end
        self.records: list[str] = []

    def raw(self, stream: str, data: bytes) -> None:
        self.c.output.put(stream, data)

    def output(self, value: t.Any) -> None:
        self.raw("stdout", (str(value) + "\r\n").encode(self.encoding, "replace"))

    def close(self) -> None:
        if self.records:
            xml = f'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">{"".join(self.records)}</Objs>'
            self.raw("stderr", xml.encode(self.encoding, "replace"))

    def clixml_lines(self, lines: list[str]) -> None:
        self.records += [f'<S S="Error">{escape(line)}_x000D__x000A_</S>' for line in lines]

    def error(self, message: str, fqid: str | None, terminating: bool) -> None:
        lines = (
            [
                message,
                "    + CategoryInfo          : NotSpecified: (:) [], Exception",
                f"    + FullyQualifiedErrorId : {fqid}",
                " ",
            ]
            if fqid
            else [message]
        )
        if self.clixml:
            self.clixml_lines(lines)
        else:
            self.raw("stderr", "".join(line + "\r\n" for line in lines).encode(self.encoding, "replace"))

    def record(self, kind: str, message: str) -> None:
        if kind != "verbose":  # powershell.exe prints host, warning and information text on stdout
            self.output(("WARNING: " if kind == "warning" else "") + message)

    def progress(self) -> None:
        self.records.append(
            '<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T><T>System.Object</T></TN><MS><I64 N="SourceId">1</I64>'
            '<PR N="Record"><AV>Preparing modules for first use.</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC><T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj>'
        )


class PsrpShell(Shell):
    """Microsoft.PowerShell on psrpcore's server classes; scripts go to the host's executor."""

    async def open(self, req: wsman.Request) -> None:
        version = {
            "PSVersion": PSVersion("5.1.20348.2700"),
            "PSEdition": "Desktop",
            "CLRVersion": PSVersion("4.0.30319.42000"),
            "BuildVersion": PSVersion("10.0.20348.2700"),
            "WSManStackVersion": PSVersion("3.0"),
        }
        self.pool = psrpcore.ServerRunspacePool(application_private_data={"PSVersionTable": version})
        self.output = Output()
        self.slots = asyncio.Semaphore(1)
        self.feed(base64.b64decode(req.body.findtext("pwsh:creationXml", "", NS)), None)

    def output_for(self, cid: str) -> Output:
        return super().output_for(cid) if cid else self.output

    def flush(self) -> None:
        for m in list(self.pool._send_buffer):
            c = self.commands.get(str(m.pipeline_id).upper()) if m.pipeline_id else None
            out = c.output if c else self.output
            while len(m):
                f = m.fragment(FRAGMENT - 21)
                out.put("stdout", create_fragment(f.object_id, f.fragment_id, f.data, f.end))
        self.pool._send_buffer.clear()

    def feed(self, data: bytes, c: Command | None) -> None:
        if c is not None:
            c.received += len(data)
        self.pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, None))
        while (event := self.pool.next_event()) is not None:
            self.handle(event)
        self.flush()

    def handle(self, e: psrpcore.PSRPEvent) -> None:
        c = self.commands.get(str(e.pipeline_id).upper()) if e.pipeline_id else None
        match e:
            case psrpcore.InitRunspacePoolEvent():
                self.slots = asyncio.Semaphore(max(1, self.pool.max_runspaces))
            case psrpcore.CreatePipelineEvent():
                c.limit_lifted = lifts_limit(" ".join(x.command_text for x in e.pipeline.commands))
                c.task = asyncio.create_task(self._work(c, e.pipeline))
            case psrpcore.GetCommandMetadataEvent():
                c.pipeline.start()
                c.pipeline.complete()
                c.output.finish(0)
            case psrpcore.PipelineInputEvent():
                c.input.put_nowait(e.data)
            case psrpcore.EndOfPipelineInputEvent():
                c.input.put_nowait(EOF)
            case psrpcore.GetAvailableRunspacesEvent():
                busy = sum(1 for x in self.commands.values() if x.output.rc is None)
                self.pool.runspace_availability_response(e.ci, max(0, self.pool.max_runspaces - busy))
            case psrpcore.SetMaxRunspacesEvent() | psrpcore.SetMinRunspacesEvent() | psrpcore.ResetRunspaceStateEvent():
                self.pool.runspace_availability_response(e.ci, True)

    async def run(self, req: wsman.Request) -> str:
        c, data = self.new_command(req)
        self.feed(data, c)
        return c.id

    def new_command(self, req: wsman.Request) -> tuple[Command, bytes]:
        if len(self.commands) >= self.host.config.max_commands_per_shell:
            msg = "The WS-Management service cannot process the request. The maximum number of concurrent commands per shell has been exceeded. Retry the request later or raise the Maximum Commands per Shell quota. "
            raise Fault(None, "w:InternalError", msg, side="Receiver")
        data = base64.b64decode("".join(a.text or "" for a in req.body.findall("rsp:Arguments", NS)))
        pid = uuid.UUID(bytes_le=data[21 + 24 : 21 + 40])  # the pipeline's id in the first message header
        c = Command((req.body.attrib.get("CommandId") or str(pid)).upper())
        if why := self._too_much(c, data):
            raise Fault(None, "w:InternalError", why, side="Receiver")
        self.commands[c.id] = c
        c.pipeline = psrpcore.ServerPipeline(self.pool, pid)
        return c, data

    async def _work(self, c: Command, shell: t.Any) -> None:
        async with self.slots:
            p = c.pipeline
            p.start()
            sink = _PipelineSink(self, p, shell.host)
            call = Call.of_pipeline(shell, self.owner, self.host.fs(self.owner), sink, c.read)
            try:
                await self.host.executor.run_pipeline(call)
                p.complete()
            except asyncio.CancelledError:
                p.stop()
            except ScriptError as e:
                p._change_state(PSInvocationState.Failed, error=_error_record(str(e), e.fqid, e.kind))
            except Exception as e:
                p._change_state(
                    PSInvocationState.Failed,
                    error=_error_record(f"winrmhost: {e!r}", "WinRMHostError", "RuntimeException"),
                )
            finally:
                self.flush()
                c.output.finish(0)

    async def send(self, req: wsman.Request) -> None:
        for s in req.body.findall("rsp:Stream", NS):
            cid = s.attrib.get("CommandId", "")
            c = self.command(cid) if cid else None
            data = base64.b64decode(s.text or "")
            if c is not None and c.task and not c.task.done() and (why := self._too_much(c, data)):
                c.task.cancel()
                await asyncio.wait([c.task])
                raise Fault(None, "w:InternalError", why, side="Receiver")
            self.feed(data, c)

    def _too_much(self, c: Command, data: bytes) -> str:
        cfg = self.host.config
        if c.received + len(data) > cfg.max_command_bytes and not c.limit_lifted:
            return f"The total data received from the remote client exceeded the allowed maximum. The allowed maximum is {cfg.max_command_bytes}. "
        for f in fragments(data):
            c.partial = (0 if f.start else c.partial) + len(f.data)
            if c.partial > cfg.max_object_bytes:
                return f"The current deserialized object size of the data received from the remote client exceeded the allowed maximum object size. The current deserialized object size is {c.partial}. The allowed maximum object size is {cfg.max_object_bytes}. "
        return ""

    async def signal(self, cid: str, code: str) -> None:
        c = self.command(cid)
        if c.task and not c.task.done():
            c.task.cancel()
            await asyncio.wait([c.task])
        if code.lower().endswith("/terminate"):
            c.output.abort(wsman.aborted())
            self.commands.pop(c.id, None)
            self.pool.pipeline_table.pop(c.pipeline.pipeline_id, None)

    async def connect(self, req: wsman.Request) -> str:
        """A new client takes over a disconnected pool; the answer carries two messages, the private data comes by Receive."""
        self.pool.disconnect()
        self.pool.connect()
        self.output = Output()
        self.pool.prepare_message(self.pool.our_capability)
        self.feed(base64.b64decode(req.body.findtext("pwsh:connectXml", "", NS)), None)
        capability, init_data, private_data, _state = (d for _, d in self.output.chunks)
        self.output = Output()
        self.output.put("stdout", private_data)
        xml = base64.b64encode(capability + init_data).decode()
        return (
            f"<rsp:ConnectResponse><rsp:InputStreams>{self.inputs}</rsp:InputStreams><rsp:OutputStreams>{self.outputs}</rsp:OutputStreams>"
            f'<connectResponseXml xmlns="{wsman.PWSH}">{xml}</connectResponseXml></rsp:ConnectResponse>'
        )


def _error_record(message: str, fqid: str, kind: str) -> ErrorRecord:
    ex = NETException(Message=message, HResult=-2146233087)
    ex.PSObject.type_names = [f"System.Management.Automation.{kind}", "System.SystemException", *ex.PSTypeNames]
    return ErrorRecord(
        Exception=ex,
        CategoryInfo=ErrorCategoryInfo(Category=ErrorCategory.OperationStopped, Reason=kind),
        FullyQualifiedErrorId=fqid,
    )


class _PipelineSink:
    clixml = False

    def __init__(self, shell: PsrpShell, p: psrpcore.ServerPipeline, client: HostInfo) -> None:
        self.shell, self.p = shell, p
        self.client = shell.pool.host if client.UseRunspaceHost else client

    def exit(self, rc: int) -> None:
        """`exit N` reaches a client only as a call of its host, when it has one."""
        if self.client is not None and not self.client.IsHostNull:
            self.p.host_call(HostMethodIdentifier.SetShouldExit, [rc])
            self.shell.flush()

    def output(self, value: t.Any) -> None:
        self.p.write_output(value)
        self.shell.flush()

    def error(self, message: str, fqid: str | None, terminating: bool) -> None:
        if terminating:
            raise ScriptError(message, fqid or "RuntimeException")
        r = _error_record(message, fqid or "Microsoft.PowerShell.Commands.WriteErrorException", "WriteErrorException")
        self.p.write_error(
            r.Exception,
            ErrorCategoryInfo(Category=ErrorCategory.NotSpecified, Reason="WriteErrorException"),
            fully_qualified_error_id=r.FullyQualifiedErrorId,
        )
        self.shell.flush()

    def record(self, kind: str, message: str) -> None:
        value: t.Any
        match kind:  # psrpcore's write_* leave out the <ToString> that Windows sends
            case "warning":
                value, number = WarningRecord(Message=message), PSRPMessageType.WarningRecord
            case "verbose":
                value, number = VerboseRecord(Message=message), PSRPMessageType.VerboseRecord
            case _:
                now = PSDateTime.now()
                shown = PSCustomObject(Message=message, NoNewLine=False, ForegroundColor=None, BackgroundColor=None)
                shown.PSObject.type_names = ["System.Management.Automation.HostInformationMessage", "System.Object"]
                shown.PSObject.to_string = message
                value = InformationRecordMsg(
                    MessageData=shown,
                    Source="Write-Host",
                    TimeGenerated=now,
                    Tags=["PSHOST"],
                    User=self.shell.owner,
                    Computer=self.shell.host.config.computer,
                    ProcessId=4242,
                    NativeThreadId=0,
                    ManagedThreadId=0,
                )
                number = PSRPMessageType.InformationRecord
        if kind in ("warning", "verbose"):
            value.serialize_extended_info = False
            value.PSObject.to_string = message
        self.p.prepare_message(value, message_type=number)
        self.shell.flush()

    def progress(self) -> None: ...


class PwshShell(PsrpShell):
    """Microsoft.PowerShell by a real `pwsh -s` child: its out-of-process framing carries the client's PSRP fragments unchanged.

    <Data Stream='Default|PromptResponse' PSGuid='..'>base64 fragments</Data>, and empty <Command/>, <Close/>, <Signal/> with a
    PSGuid (zero: the pool); each is answered by <DataAck/>, <CommandAck/>, ... ([MS-PSRP] and PowerShell's OutOfProcTransportManager).

    The engine runs the prologue, its initial command, in each runspace of the pool before anything else. psrpcore's pool, here,
    only reads along: what a script is, for the records, and what Connect has to answer.
    """

    ZERO = "00000000-0000-0000-0000-000000000000"
    PIPELINE_STATE, PRIVATE_DATA = 0x00041006, 0x00021009

    async def open(self, req: wsman.Request) -> None:
        await super().open(req)
        self.output = Output()
        self.private_data = b""
        self.skipped: set[int] = set()  # objects of the prologue's own output
        self.acks: dict[tuple[str, str], asyncio.Future] = {}
        self.writing = asyncio.Lock()
        self.child = await engine.start(
            self.host, self.owner, "-NonInteractive", "-NoLogo", "-EncodedCommand", engine.encoded(engine.PROLOGUE), "-s",
            stderr=asyncio.subprocess.DEVNULL, limit=64 << 20,
        )  # fmt: skip
        self.reader = asyncio.create_task(self._read())
        await self._data(self.ZERO, req.body.findtext("pwsh:creationXml", "", NS))

    async def _packet(self, tag: str, guid: str, inner: str = "", attr: str = "") -> None:
        async with self.writing:  # one packet at a time, so that its Ack can be told
            waiter = self.acks[tag + "Ack", guid.lower()] = asyncio.get_running_loop().create_future()
            self.child.stdin.write(
                f"<{tag}{attr} PSGuid='{guid.lower()}'>{inner}</{tag}>\n".encode()
                if inner
                else f"<{tag} PSGuid='{guid.lower()}' />\n".encode()
            )
            await self.child.stdin.drain()
            await asyncio.wait_for(waiter, 30)

    async def _data(self, guid: str, b64: str, stream: str = "Default") -> None:
        await self._packet("Data", guid, b64.strip(), f" Stream='{stream}'")

    async def _read(self) -> None:
        try:
            while line := await self.child.stdout.readline():
                self.host.windows.listen()
                e = ET.fromstring(line)
                guid = e.attrib["PSGuid"].upper()
                if e.tag != "Data":
                    if waiter := self.acks.pop((e.tag, guid.lower()), None):
                        waiter.set_result(None)
                elif guid == self.ZERO:
                    self.output.put(
                        "stdout",
                        b"".join(f.raw for f in fragments(base64.b64decode(e.text or "")) if self._for_client(f)),
                    )
                elif c := self.commands.get(guid):  # None: closed while it still talked
                    data = base64.b64decode(e.text or "")
                    c.output.put("stdout", data)
                    if any(f.message_type == self.PIPELINE_STATE and _final(f.data) for f in fragments(data)):
                        c.output.finish(0)
        finally:
            for waiter in self.acks.values():
                if not waiter.done():
                    waiter.set_exception(ConnectionError("pwsh ended"))
            for c in self.commands.values():
                c.output.finish(1)

    def _for_client(self, f: Fragment) -> bool:
        """The prologue's messages are those of a pipeline, but come on the pool's channel."""
        if f.start and f.message_type >> 12 == 0x41:
            self.skipped.add(f.object_id)
            if f.message_type == self.PIPELINE_STATE and b'N="PipelineState">5<' in f.data:
                self.host.record("prologue-failed", shell=self.id, message=f.data.decode("utf-8", "replace"))
        if f.message_type == self.PRIVATE_DATA:
            self.private_data = f.raw
        return f.object_id not in self.skipped

    def _read_along(self, c: Command, data: bytes) -> None:
        """Until a pipeline's script is known."""
        if c.pipeline is None:
            return
        try:
            self.pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, None))
            while (event := self.pool.next_event()) is not None and not isinstance(event, psrpcore.CreatePipelineEvent):
                pass
            if event is None:
                return
            call = Call.of_pipeline(event.pipeline, self.owner, self.host.fs(self.owner), None, None)
            c.limit_lifted = lifts_limit(call.text)
            self.host.executor.note(call, "psrp")
        except Exception as e:  # a secure string, which only the engine can read
            c.limit_lifted = lifts_limit(data.decode("utf-8", "replace"))
            self.host.record("script", via="psrp", user=self.owner, text=None, unread=repr(e)[:200])
        self.pool.pipeline_table.pop(c.pipeline.pipeline_id, None)
        self.pool._send_buffer.clear()
        c.pipeline = None

    async def run(self, req: wsman.Request) -> str:
        c, data = self.new_command(req)
        c.received = len(data)
        self._read_along(c, data)
        await self._packet("Command", c.id)
        await self._data(c.id, base64.b64encode(data).decode())
        return c.id

    async def send(self, req: wsman.Request) -> None:
        for s in req.body.findall("rsp:Stream", NS):
            cid = s.attrib.get("CommandId", "")
            if cid:
                c, data = self.command(cid), base64.b64decode(s.text or "")
                if c.output.rc is None and (why := self._too_much(c, data)):
                    await self._packet("Signal", c.id)
                    raise Fault(None, "w:InternalError", why, side="Receiver")
                c.received += len(data)
                self._read_along(c, data)
            await self._data(
                cid or self.ZERO, s.text or "", "PromptResponse" if s.attrib.get("Name") == "pr" else "Default"
            )

    async def signal(self, cid: str, code: str) -> None:
        c = self.command(cid)
        if code.lower().endswith("/terminate"):
            await self._packet("Close", c.id)
            c.output.abort(wsman.aborted())
            self.commands.pop(c.id, None)
        elif c.output.rc is None:
            await self._packet("Signal", c.id)

    async def connect(self, req: wsman.Request) -> str:
        answer = await super().connect(req)
        self.output = Output()
        self.output.put("stdout", self.private_data)
        return answer

    def kill(self) -> None:
        if self.child.returncode is None:
            self.child.kill()

    async def close(self) -> None:
        self.abort_receives(wsman.aborted())
        try:
            for cid in list(self.commands):
                await self._packet("Close", cid)
            await self._packet("Close", self.ZERO)
            self.child.stdin.close()
            await asyncio.wait_for(self.child.wait(), 3)
        except (TimeoutError, ConnectionError):
            pass
        self.reader.cancel()
        self.host.windows.listen()
        if self.child.returncode is None:
            self.child.terminate()
            await self.child.wait()


def _final(state: bytes) -> bool:
    """Whether a PIPELINE_STATE message is the last of its pipeline: Stopped, Completed, Failed."""
    return any(b'N="PipelineState">%d<' % s in state for s in (3, 4, 5))
