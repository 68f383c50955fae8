"""The Windows that the modules in windows/ show to scripts: a state file, shared by every engine process, the host and tests."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import pathlib
import typing as t

MACHINE = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"


def _service(
    display: str, status: str = "Running", start: str = "Automatic", depends: t.Sequence[str] = (), binary: str = ""
) -> dict[str, t.Any]:
    binary = binary or r"C:\Windows\system32\svchost.exe -k netsvcs"
    return {
        "display": display,
        "status": status,
        "start": start,
        "depends": list(depends),
        "binary": binary,
        "account": "LocalSystem",
        "description": "",
    }


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def fresh(computer: str) -> dict[str, t.Any]:
    """A Windows Server 2022 as it is after its setup, as far as the modules know one."""
    version = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
    text = lambda v: {"kind": "String", "value": v}  # noqa: E731
    registry: dict[str, t.Any] = {}
    for key in (
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft", version, r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters",
        MACHINE, r"HKEY_CURRENT_USER\Environment", r"HKEY_CURRENT_USER\SOFTWARE",
    ):  # fmt: skip
        parts = key.split("\\")
        for i in range(len(parts)):
            registry.setdefault("\\".join(parts[: i + 1]), {})
    registry[version] |= {
        "ProductName": text("Windows Server 2022 Datacenter"),
        "CurrentBuild": text("20348"),
        "CurrentBuildNumber": text("20348"),
    }
    registry[version] |= {
        "EditionID": text("ServerDatacenter"),
        "InstallationType": text("Server"),
        "UBR": {"kind": "DWord", "value": 2700},
    }
    registry[MACHINE] |= {
        "Path": {"kind": "ExpandString", "value": r"%SystemRoot%\system32;%SystemRoot%"}, "OS": text("Windows_NT"),
    }  # fmt: skip
    return {
        "computer": computer,
        "boot": _now(),
        "failures": [],
        "held_down": False,  # remote UAC: administrators of this host are none over the network
        "reboot_pending": [],
        "services": {
            "Dnscache": _service("DNS Client"),
            "EventLog": _service("Windows Event Log"),
            "LanmanServer": _service("Server"),
            "LanmanWorkstation": _service("Workstation"),
            "mpssvc": _service("Windows Defender Firewall"),
            "RpcSs": _service("Remote Procedure Call (RPC)"),
            "Schedule": _service("Task Scheduler", depends=["RpcSs"]),
            "W32Time": _service("Windows Time", "Stopped", "Manual"),
            "WinRM": _service("Windows Remote Management (WS-Management)", depends=["RpcSs"]),
            "wuauserv": _service("Windows Update", "Stopped", "Manual"),
        },
        # name: [display name, state, needs a restart, parents]
        "features": {
            "Containers": ["Containers", "Available", True],
            "FS-FileServer": ["File Server", "Installed", False],
            "Hyper-V": ["Hyper-V", "Available", True],
            "Hyper-V-PowerShell": ["Hyper-V Module for Windows PowerShell", "Available", False],
            "NET-Framework-45-Core": [".NET Framework 4.8", "Installed", False],
            "RSAT-Hyper-V-Tools": ["Hyper-V Management Tools", "Available", False],
            "RemoteAccess": ["Remote Access", "Available", False],
            "Routing": ["Routing", "Available", False],
            "Telnet-Client": ["Telnet Client", "Available", False],
            "Web-Server": ["Web Server (IIS)", "Available", False],
            "Windows-Defender": ["Microsoft Defender Antivirus", "Installed", True],
        },
        "optional_features": {
            "Containers": ["Disabled", True],
            "IIS-WebServerRole": ["Disabled", False],
            "Microsoft-Hyper-V": ["Disabled", True],
            "Microsoft-Hyper-V-Management-PowerShell": ["Disabled", False],
            "SMB1Protocol": ["DisabledWithPayloadRemoved", True],
            "TelnetClient": ["Disabled", False],
            "VirtualMachinePlatform": ["Disabled", True],
        },
        "firewall": {},
        "firewall_profiles": {"Domain": True, "Private": True, "Public": True},
        "registry": registry,
        "hns": {},
        "tasks": {},
        "adapters": [
            {
                "name": "Ethernet",
                "description": "Microsoft Hyper-V Network Adapter",
                "index": 6,
                "mac": "00-15-5D-00-00-06",
                "status": "Up",
            }
        ],
        "addresses": [
            {"address": "10.0.0.4", "prefix": 24, "index": 6, "alias": "Ethernet"},
            {"address": "127.0.0.1", "prefix": 8, "index": 1, "alias": "Loopback Pseudo-Interface 1"},
        ],
        "routes": [{"prefix": "0.0.0.0/0", "hop": "10.0.0.1", "index": 6, "alias": "Ethernet", "metric": 0}],
    }


class Windows:
    """host.windows: what the machine looks like, and what was done to it."""

    def __init__(self, folder: pathlib.Path, computer: str, heard: t.Callable[[dict[str, t.Any]], None]) -> None:
        self.file, self.lock, self.calls = (folder / n for n in ("windows.json", "windows.lock", "calls.jsonl"))
        self.heard = heard  # told of each call
        self._seen = 0
        self.calls.write_bytes(b"")
        if not self.file.exists():
            self.file.write_text(json.dumps(fresh(computer)))

    @contextlib.contextmanager
    def _locked(self) -> t.Iterator[dict[str, t.Any]]:
        with open(self.lock, "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield json.loads(self.file.read_text("utf-8"))

    @contextlib.contextmanager
    def edit(self) -> t.Iterator[dict[str, t.Any]]:
        """The whole state, kept from everyone else until the block ends, then written back."""
        with self._locked() as state:
            yield state
            self.file.write_text(json.dumps(state, ensure_ascii=False), "utf-8")

    @property
    def state(self) -> dict[str, t.Any]:
        with self._locked() as state:
            return state

    def variables(self, expand: t.Callable[[str], str]) -> dict[str, str]:
        """The environment that a new process gets from the registry; a user's Path follows the machine's."""
        registry, found = self.state["registry"], {}
        for key in (MACHINE, r"HKEY_CURRENT_USER\Environment"):
            for name, pair in registry.get(key, {}).items():
                if pair["kind"] in ("String", "ExpandString"):
                    value = expand(pair["value"]) if pair["kind"] == "ExpandString" else pair["value"]
                    found[name.upper()] = (
                        f"{found['PATH']};{value}" if name.upper() == "PATH" and "PATH" in found else value
                    )
        return found

    def fail(
        self, command: str, message: str, *, id: str = "", match: str = "*", times: int = 1, exit: int = 1
    ) -> None:
        """The next `times` calls of `command` whose arguments match fail so; `id` is the error's FullyQualifiedErrorId, `exit` a program's exit code."""
        with self.edit() as state:
            state["failures"].append(
                {"command": command, "message": message, "id": id, "match": match, "times": times, "exit": exit}
            )

    def listen(self) -> None:
        """Reads what the modules have logged since the last time."""
        with open(self.calls, "rb") as f:
            f.seek(self._seen)
            new = f.read()
        new = new[: new.rfind(b"\n") + 1]
        self._seen += len(new)
        for line in new.decode().splitlines():
            self.heard(json.loads(line))

    def booted(self) -> None:
        """After a restart: automatic services run, others do not, and what waited for it is done."""
        with self.edit() as state:
            state["boot"] = _now()
            for s in state["services"].values():
                s["status"] = "Running" if s["start"] == "Automatic" else "Stopped"
            for kind, name, value in state["reboot_pending"]:
                if name in state[kind]:
                    state[kind][name][1 if kind == "features" else 0] = value
            state["reboot_pending"] = []
