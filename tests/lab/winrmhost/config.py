"""Settings of one host. The defaults are those of a current Windows Server, where Windows has one."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t


@dataclasses.dataclass
class Config:
    """What a host is and does."""

    root: pathlib.Path  # folder that stands for the drives: C:\x is root/C/x
    users: dict[str, str] = dataclasses.field(default_factory=lambda: {"Administrator": "Passw0rd!"})
    bind: str = "127.0.0.1"
    http_port: int | None = 0  # 0: any free port; None: no such listener
    https_port: int | None = 0
    cert_dir: pathlib.Path | None = None  # default: root/.winrmhost
    computer: str = "WINHOST"
    cert_names: tuple[str, ...] = ("localhost", "127.0.0.1")  # of the HTTPS certificate, beside computer and bind
    cert_days: int = 30  # it is valid from the day before until so many days from now; negative: it has expired

    # authentication
    auth: tuple[str, ...] = ("negotiate", "basic")
    allow_unencrypted: bool = False  # winrm/config/service AllowUnencrypted
    remoting: bool = True  # False: no session configuration Microsoft.PowerShell
    cbt: bool = False  # CbtHardeningLevel=Strict on the HTTPS listener

    # quotas
    max_envelope_kb: int = 500
    max_timeout_ms: int = 60_000
    max_shells_per_user: int = 30
    max_operations_per_user: int = 1500
    max_commands_per_shell: int = 1000  # PSRP plug-in quota
    max_object_bytes: int = 10 << 20  # PSMaximumReceivedObjectSizeMB
    max_command_bytes: int = 50 << 20  # PSMaximumReceivedDataSizePerCommandMB
    idle_timeout_s: float = 7200.0
    cmd_line_limit: int = 8191

    # behaviour of the executor
    pwsh: str | None = "auto"  # path of a real pwsh; "auto": the one on PATH; None: never
    winpath: bool = True  # with pwsh: C:\\x and names without regard to case in every library call (needs a C compiler)
    rules: tuple[str, ...] = ()  # python files with register(rules)
    unknown: t.Literal["error", "ok"] = "error"  # a script that no rule knows
    codepage: int = 437
    shutdown_s: float = 1.0  # Restart-Computer: from the call to the end of all connections,
    restart_s: float = 5.0  # and from there until the host answers again
    progress_noise: bool = True  # CLIXML progress on stderr of powershell -EncodedCommand

    # the network between
    latency_ms: float = 0.0  # added to every HTTP answer
    bandwidth_kbs: float = 0.0  # 0: no limit; else request + answer bytes are delayed by it
    keepalive_s: float = 120.0  # HTTP.sys closes an idle connection after this
    drop_after: int = 0  # abort the connection instead of answering every Nth request
    log: pathlib.Path | None = None  # JSON lines: one per request, script and command
