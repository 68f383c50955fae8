"""The HTTP(S) listeners, the dispatch of WS-Management actions, quotas and records."""

from __future__ import annotations

import asyncio
import base64
import binascii
import collections
import contextlib
import datetime
import ipaddress
import json
import os
import pathlib
import shutil
import ssl
import threading
import time
import typing as t
import weakref
import xml.etree.ElementTree as ET

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from multidict import CIMultiDict

from . import engine, wsman
from .auth import Connection, channel_bindings, write_ntlm_user_file
from .config import Config
from .executor import Executor
from .shells import CmdShell, PsrpShell, PwshShell, Shell
from .windows import Windows
from .winfs import WinFS
from .wsman import CFG, CMD_URI, NS, PWSH, Fault


def _general(name: str) -> x509.GeneralName:
    """A name of a certificate: an address or a DNS name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class WinRMHost:
    """`async with WinRMHost(Config(root=...)) as host:` serves host.http_url and host.https_url until the block ends."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.root = pathlib.Path(config.root).resolve()
        self.state_dir = pathlib.Path(config.cert_dir or self.root / ".winrmhost")
        found = shutil.which("pwsh") if config.pwsh == "auto" else config.pwsh
        self.pwsh = str(pathlib.Path(found).absolute()) if found else None
        self.winpath = engine.winpath() if self.pwsh and config.winpath else None
        self.executor = Executor(self)
        self.shells: dict[str, Shell] = {}
        self.operations: collections.Counter[str] = collections.Counter()
        self.records: list[dict[str, t.Any]] = []  # the same lines as config.log
        self.stats: collections.Counter[str] = collections.Counter()
        self._fs: dict[str, WinFS] = {}
        self._conns: weakref.WeakKeyDictionary[t.Any, Connection] = weakref.WeakKeyDictionary()
        self._requests = 0

    # life ---------------------------------------------------------------
    async def __aenter__(self) -> WinRMHost:
        cfg = self.config
        self.loop = asyncio.get_running_loop()
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.windows = Windows(self.state_dir, cfg.computer, self._heard)
        self._restarting: asyncio.Task | None = None
        self._tasks: set[asyncio.Task] = set()
        self._other_users = os.environ.get("NTLM_USER_FILE", "")
        self._ntlm_file = write_ntlm_user_file(cfg.users, cfg.computer)
        self.cert, self._key, der = self._certificate()
        self._cbt = channel_bindings(der) if cfg.cbt else None
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None, keepalive_timeout=cfg.keepalive_s))
        await self._runner.setup()
        self.http_url = self.https_url = None
        self._sites: list[tuple[web.TCPSite, int, ssl.SSLContext | None]] = []
        if cfg.http_port is not None:
            self.http_url = f"http://{cfg.bind}:{await self._listen(cfg.http_port, None)}/wsman"
        if cfg.https_port is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.cert, self._key)
            self.https_url = f"https://{cfg.bind}:{await self._listen(cfg.https_port, context)}/wsman"
        self._reaper = asyncio.create_task(self._reap())
        return self

    async def _listen(self, port: int, context: ssl.SSLContext | None) -> int:
        site = web.TCPSite(self._runner, self.config.bind, port, ssl_context=context)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        self._sites.append((site, port, context))
        return port

    async def __aexit__(self, *exc: t.Any) -> None:
        self._reaper.cancel()
        if self._restarting:
            self._restarting.cancel()
        await self._end_tasks()
        for s in list(self.shells.values()):
            await s.close()
        await self._runner.cleanup()
        for transport in list(self._conns):
            transport.abort()
        await asyncio.sleep(0.05)  # the loop closes what was aborted
        self._ntlm_file.unlink(missing_ok=True)
        os.environ["NTLM_USER_FILE"] = self._other_users  # of a host that was there before, with the same users

    def _certificate(self) -> tuple[pathlib.Path, pathlib.Path, bytes]:
        cert, key = self.state_dir / "cert.pem", self.state_dir / "key.pem"
        k = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.config.computer)])
        names = dict.fromkeys([*self.config.cert_names, self.config.computer, self.config.bind])
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=self.config.cert_days)
        since = min(datetime.datetime.now(datetime.UTC), until) - datetime.timedelta(days=1)
        builder = x509.CertificateBuilder(name, name, k.public_key(), x509.random_serial_number(), since, until)
        c = (
            builder.add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
            .sign(k, hashes.SHA256())
        )
        cert.write_bytes(c.public_bytes(serialization.Encoding.PEM))
        key.write_bytes(
            k.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return cert, key, c.public_bytes(serialization.Encoding.DER)

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.windows.listen()
            for s in [s for s in self.shells.values() if time.monotonic() - s.touched > s.idle_s]:
                self.record("idle", shell=s.id)
                await self._drop(s)

    async def _drop(self, s: Shell) -> None:
        self.shells.pop(s.id, None)
        if isinstance(s, CmdShell):
            self.operations[s.owner] -= len(s.commands)
        await s.close()

    def _heard(self, call: dict[str, t.Any]) -> None:
        restart, task = call.pop("restart", None), call.pop("task", None)
        self.record("windows", **call)
        if task is not None and self.pwsh:
            running = asyncio.get_running_loop().create_task(self.executor.run_task(task))
            self._tasks.add(running)
            running.add_done_callback(self._tasks.discard)
        if restart is not None and (self._restarting is None or self._restarting.done()):
            self._restarting = asyncio.get_running_loop().create_task(self.restart(float(restart)))

    async def restart(self, after: float = 0.0) -> None:
        """The machine restarts: connections and shells end, the ports refuse for restart_s, and Windows has booted anew."""
        await asyncio.sleep(self.config.shutdown_s + after)
        self.record("down")
        sites, self._sites = self._sites, []
        for site, _, _ in sites:
            await site.stop()
        for transport in list(self._conns):
            transport.abort()
        for s in list(self.shells.values()):
            s.kill()
            await self._drop(s)
        await self._end_tasks()
        await asyncio.sleep(self.config.restart_s)
        self.windows.booted()
        for _, port, context in sites:
            await self._listen(port, context)
        self.record("up")

    async def _end_tasks(self) -> None:
        """What scheduled tasks run ends at once, as when the power goes."""
        for running in self._tasks:
            running.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self, seconds: float) -> None:
        """The network is away, as when the first HNS network of a host is made: what runs on the host runs on."""
        self.record("cut", seconds=seconds)
        sites, self._sites = self._sites, []
        for site, _, _ in sites:
            await site.stop()
        for transport in list(self._conns):
            transport.abort()
        await asyncio.sleep(seconds)
        for _, port, context in sites:
            await self._listen(port, context)
        self.record("back")

    # services for the shells ---------------------------------------------
    def record(self, event: str, **more: t.Any) -> None:
        line = {"t": round(time.time(), 4), "event": event, **more}
        self.records.append(line)
        if self.config.log:
            with open(self.config.log, "a", encoding="utf-8") as f:
                f.write(json.dumps(line, ensure_ascii=False) + "\n")

    def fs(self, user: str) -> WinFS:
        if user not in self._fs:
            self._fs[user] = WinFS(self.root, user, self.config.computer)
        return self._fs[user]

    def count_operation(self, user: str) -> None:
        """Windows does not give an operation back when a cmd shell's command is terminated, only with its shell."""
        limit = self.config.max_operations_per_user
        if self.operations[user] >= limit:
            msg = f"The WS-Management service cannot process the request. This user is allowed a maximum number of {limit} concurrent operations, which has been exceeded. Close existing operations for this user, or raise the quota for this user. "
            raise Fault(2150859174, "w:QuotaLimit", msg)
        self.operations[user] += 1

    # HTTP -----------------------------------------------------------------
    def _conn(self, request: web.BaseRequest) -> Connection:
        conn = self._conns.get(request.transport)
        if conn is None:
            conn = self._conns[request.transport] = Connection(self.config.users, self._cbt if request.secure else None)
            self.stats["connections"] += 1
        return conn

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        cfg = self.config
        conn, started = self._conn(request), time.monotonic()
        body = await request.content.read()  # request.read() has a limit of its own
        self._requests += 1
        self.stats["round_trips"] += 1
        self.stats["bytes_in"] += len(body)
        note: dict[str, t.Any] = {"conn": conn.number, "in": len(body)}
        if cfg.drop_after and self._requests % cfg.drop_after == 0:
            self.record("drop", **note)
            request.transport.abort()
            return web.Response(status=500)
        status, ctype, answer, headers = await self._answer(request, conn, body, note)
        headers = [*headers, ("Server", "Microsoft-HTTPAPI/2.0")]
        if ctype:
            headers.append(("Content-Type", ctype))
        delay = cfg.latency_ms / 1000 + (
            (len(body) + len(answer)) / 1024 / cfg.bandwidth_kbs if cfg.bandwidth_kbs else 0
        )
        if delay:
            await asyncio.sleep(delay)
        self.stats["bytes_out"] += len(answer)
        self.stats[f"http_{status}"] += 1
        self.record("request", **note, status=status, out=len(answer), ms=round((time.monotonic() - started) * 1000, 1))
        response = web.Response(status=status, body=answer, headers=CIMultiDict(headers))
        if status == 413:
            response.force_close()
        return response

    async def _answer(
        self, request: web.BaseRequest, conn: Connection, body: bytes, note: dict
    ) -> tuple[int, str, bytes, list]:
        cfg = self.config
        if request.path.rstrip("/").lower() != "/wsman":
            return 404, "", b"", []
        if request.method != "POST":
            return 405, "", b"", []
        soap = "application/soap+xml;charset=UTF-8"
        if request.headers.get("WSMANIDENTIFY", "").lower() == "unauthenticated" and b"Identify" in body:
            note["action"] = "Identify"
            return 200, soap, wsman.identify_xml(False), []

        headers: list[tuple[str, str]] = []
        basic_ok = "basic" in cfg.auth and (request.secure or cfg.allow_unencrypted)
        offers = [("WWW-Authenticate", "Negotiate")] * ("negotiate" in cfg.auth) + [
            ("WWW-Authenticate", 'Basic realm="WSMAN"')
        ] * basic_ok
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        user = conn.principal
        if scheme.lower() == "basic" and basic_ok:
            user = conn.basic(token)
        elif scheme.lower() in ("negotiate", "ntlm") and "negotiate" in cfg.auth:
            note["auth"] = scheme
            try:
                done, out = conn.negotiate(base64.b64decode(token))
            except binascii.Error:
                return 400, "", b"", []
            except Exception as e:  # spnego: unknown user, wrong password, bad bindings
                note["denied"] = repr(e)[:200]
                return 401, "", b"", offers
            if out:
                headers.append(("WWW-Authenticate", f"{scheme} {base64.b64encode(out).decode()}"))
            if not done:
                return 401, "", b"", headers
            user = conn.principal
        elif scheme:
            user = None
        if user is None:
            note["denied"] = "no credentials" if not scheme else "refused"
            return 401, "", b"", offers
        note["user"] = user
        if not body:
            return 200, "", b"", headers

        sealed = request.headers.get("Content-Type", "").lower().startswith("multipart/")
        if sealed:
            try:
                body = conn.unseal(body)
            except Exception as e:
                note["unseal"] = repr(e)[:200]
                return 400, "", b"", headers
        elif not request.secure and not cfg.allow_unencrypted:
            note["denied"] = "unencrypted"
            return 500, "", b"", headers
        note["sealed"] = sealed
        if len(body) > cfg.max_envelope_kb * 1024:
            note["denied"] = "envelope"
            return 413, "", b"", headers
        status, answer = await self._dispatch(body, user, request.remote or "", note)
        if sealed:
            soap, answer = conn.seal(answer)
        return status, soap, answer, headers

    # WS-Management ----------------------------------------------------------
    async def _dispatch(self, xml: bytes, user: str, client_ip: str, note: dict) -> tuple[int, bytes]:
        message_id = ""
        try:
            root = ET.fromstring(xml)
            if root.find("s:Body/wsmid:Identify", NS) is not None:
                note["action"] = "Identify"
                return 200, wsman.identify_xml(True)
            message_id = root.findtext("s:Header/a:MessageID", "", NS)
            req = wsman.Request.parse(xml)
            note["action"] = req.verb
            self.stats[req.verb] += 1
            action, body = await self._act(req, user, client_ip, note)
            return 200, wsman.envelope(action, req.message_id, body)
        except Fault as f:
            note["fault"] = f.code or f.subcode
            return f.status, wsman.fault_xml(f, message_id, self.config.computer)
        except ET.ParseError as e:
            f = Fault(2150858790, "w:SchemaValidationError", f"The SOAP XML in the message is not well formed: {e}. ")
            return 500, wsman.fault_xml(f, message_id, self.config.computer)
        except Exception as e:
            note["error"] = repr(e)
            return 500, wsman.fault_xml(
                Fault(2150858817, "w:InternalError", f"winrmhost: {e!r}", side="Receiver"),
                message_id,
                self.config.computer,
            )

    def _shell(self, req: wsman.Request, user: str) -> Shell:
        sid = req.selectors.get("ShellId", "").upper()
        shell = self.shells.get(sid)
        if shell is None or shell.owner != user:
            f = wsman.no_such_shell()
            f.message = f.message.format(sid)
            raise f
        shell.touched = time.monotonic()
        return shell

    async def _act(self, req: wsman.Request, user: str, ip: str, note: dict) -> tuple[str, str]:
        answer = req.action + "Response"
        if req.verb == "Create":
            return answer, await self._create(req, user, ip, note)
        if req.verb == "Get" and req.resource.rstrip("/").lower() == CFG.lower():
            return answer, self._config_xml()
        if req.verb == "Enumerate":
            return answer, self._enumerate(req, user)
        shell = self._shell(req, user)
        note["shell"] = shell.id[:8]
        match req.verb:
            case "Get":
                return answer, shell.xml()
            case "Delete":
                await self._drop(shell)
                return answer, ""
            case "Command":
                return (
                    answer,
                    f"<rsp:CommandResponse><rsp:CommandId>{await shell.run(req)}</rsp:CommandId></rsp:CommandResponse>",
                )
            case "Receive":
                body = await shell.receive(req)
                shell.touched = time.monotonic()
                return answer, body
            case "Send":
                await shell.send(req)
                return answer, "<rsp:SendResponse/>"
            case "Signal":
                code = req.body.findtext("rsp:Code", "", NS).strip()
                note["code"] = code.rsplit("/", 1)[-1]
                await shell.signal(req.body.attrib.get("CommandId", ""), code)
                return answer, "<rsp:SignalResponse/>"
            case "Disconnect":
                shell.state = "Disconnected"
                shell.abort_receives(wsman.disconnected())
                return answer, ""
            case "Reconnect":
                shell.state = "Connected"
                return answer, ""
            case "Connect" if isinstance(shell, PsrpShell):
                shell.state = "Connected"
                if req.body.attrib.get("CommandId"):
                    return answer, "<rsp:ConnectResponse/>"
                return answer, await shell.connect(req)
        raise Fault(
            2150858753,
            "a:ActionNotSupported",
            f"The WS-Management service cannot process the request because the action {req.action} is not supported. ",
        )

    async def _create(self, req: wsman.Request, user: str, ip: str, note: dict) -> str:
        kind: type[Shell]
        if req.resource == CMD_URI:
            kind = CmdShell
        elif req.resource.lower() == f"{PWSH}/microsoft.powershell" and self.config.remoting:
            kind = PwshShell if self.pwsh else PsrpShell
        else:
            msg = f"The WS-Management service cannot process the request. The resource URI ({req.resource}) was not found in the WS-Management catalog. The catalog contains the metadata that describes resources, or logical endpoints. "
            raise Fault(2150858752, "a:DestinationUnreachable", msg, detail="InvalidResourceURI")
        limit = self.config.max_shells_per_user
        if sum(s.owner == user for s in self.shells.values()) >= limit:
            msg = f"The WS-Management service cannot process the request. This user is allowed a maximum number of {limit} concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user. "
            raise Fault(2150859173, "w:QuotaLimit", msg)
        shell = kind(self, user, req, ip)
        note["shell"] = shell.id[:8]
        self.shells[shell.id] = shell
        try:
            await shell.open(req)
        except Exception:
            self.shells.pop(shell.id, None)
            raise
        return (
            f"<x:ResourceCreated><a:Address>{req.to}</a:Address><a:ReferenceParameters><w:ResourceURI>{req.resource}</w:ResourceURI>"
            f'<w:SelectorSet><w:Selector Name="ShellId">{shell.id}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>{shell.xml()}'
        )

    def _enumerate(self, req: wsman.Request, user: str) -> str:
        mine = [s for s in self.shells.values() if s.owner == user]
        if req.resource.endswith("/Command"):
            sid = (req.body.findtext(".//w:Selector", "", NS)).upper()
            items = "".join(
                f"<rsp:Command><rsp:CommandId>{c}</rsp:CommandId></rsp:Command>"
                for s in mine
                if s.id == sid
                for c in s.commands
            )
        else:
            items = "".join(s.xml() for s in mine)
        return f"<n:EnumerateResponse><n:EnumerationContext/><w:Items>{items}</w:Items><w:EndOfSequence/></n:EnumerateResponse>"

    def _config_xml(self) -> str:
        c = self.config
        yes = lambda b: "true" if b else "false"  # noqa: E731
        return (
            f'<cfg:Config xmlns:cfg="{CFG}"><cfg:MaxEnvelopeSizekb>{c.max_envelope_kb}</cfg:MaxEnvelopeSizekb><cfg:MaxTimeoutms>{c.max_timeout_ms}</cfg:MaxTimeoutms>'
            f"<cfg:Service><cfg:MaxConcurrentOperationsPerUser>{c.max_operations_per_user}</cfg:MaxConcurrentOperationsPerUser><cfg:AllowUnencrypted>{yes(c.allow_unencrypted)}</cfg:AllowUnencrypted>"
            f"<cfg:Auth><cfg:Basic>{yes('basic' in c.auth)}</cfg:Basic><cfg:Negotiate>{yes('negotiate' in c.auth)}</cfg:Negotiate></cfg:Auth></cfg:Service>"
            f"<cfg:Winrs><cfg:MaxShellsPerUser>{c.max_shells_per_user}</cfg:MaxShellsPerUser></cfg:Winrs></cfg:Config>"
        )


@contextlib.contextmanager
def running_host(config: Config) -> t.Iterator[WinRMHost]:
    """The host on a thread of its own, for blocking clients and tests."""
    loop = asyncio.new_event_loop()
    ready, stop, box = threading.Event(), asyncio.Event(), {}

    async def main() -> None:
        try:
            async with WinRMHost(config) as host:
                box["host"] = host
                ready.set()
                await stop.wait()
        except BaseException as e:
            box["error"] = e
            ready.set()
            raise

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    ready.wait(30)
    if "error" in box:
        raise box["error"]
    try:
        yield box["host"]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(15)
        loop.close()
