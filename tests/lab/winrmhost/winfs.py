"""Windows paths on a folder: C:\\Users\\x is <root>/C/Users/x, looked up without regard to case."""

from __future__ import annotations

import ntpath
import pathlib
import re


class WinFS:
    def __init__(self, root: pathlib.Path, user: str, computer: str) -> None:
        self.root = pathlib.Path(root)
        home = rf"C:\Users\{user}"
        self.env = {
            "COMPUTERNAME": computer,
            "USERNAME": user,
            "USERDOMAIN": computer,
            "USERPROFILE": home,
            "HOMEDRIVE": "C:",
            "HOMEPATH": home[2:],
            "APPDATA": home + r"\AppData\Roaming",
            "LOCALAPPDATA": home + r"\AppData\Local",
            "TEMP": home + r"\AppData\Local\Temp",
            "TMP": home + r"\AppData\Local\Temp",
            "SystemRoot": r"C:\Windows",
            "windir": r"C:\Windows",
            "SystemDrive": "C:",
            "ProgramData": r"C:\ProgramData",
            "ALLUSERSPROFILE": r"C:\ProgramData",
            "ProgramFiles": r"C:\Program Files",
            "ProgramW6432": r"C:\Program Files",
            "ProgramFiles(x86)": r"C:\Program Files (x86)",
            "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.JS;.WS;.MSC",
            "PROCESSOR_ARCHITECTURE": "AMD64",
            "OS": "Windows_NT",
            "ComSpec": r"C:\Windows\system32\cmd.exe",
            "PATH": r"C:\Windows\system32;C:\Windows",
        }
        for d in (
            home,
            self.env["TEMP"],
            self.env["APPDATA"],
            r"C:\Windows\Temp",
            r"C:\Windows\System32",
            r"C:\ProgramData",
            r"C:\Program Files",
        ):
            self.path(d).mkdir(parents=True, exist_ok=True)

    def percent(self, text: str, env: dict[str, str] | None = None) -> str:
        """%NAME%, as cmd.exe expands it."""
        table = {k.lower(): v for k, v in {**self.env, **(env or {})}.items()}
        return re.sub(r"%([^%\s]+)%", lambda m: table.get(m[1].lower(), m[0]), text)

    def expand(self, text: str, env: dict[str, str] | None = None) -> str:
        """%NAME% and $env:NAME, as cmd.exe and PowerShell strings expand them."""
        table = {k.lower(): v for k, v in {**self.env, **(env or {})}.items()}
        text = self.percent(text, env)
        return re.sub(
            r"\$(?:\{env:(\w+)\}|env:(\w+))", lambda m: table.get((m[1] or m[2]).lower(), ""), text, flags=re.I
        )

    def full(self, path: str, cwd: str | None = None) -> str:
        return ntpath.normpath(ntpath.join(cwd or self.env["USERPROFILE"], path.replace("/", "\\")))

    def path(self, path: str, cwd: str | None = None) -> pathlib.Path:
        full = self.full(path, cwd)
        drive, rest = ntpath.splitdrive(full)
        if not re.fullmatch(r"[A-Za-z]:", drive):
            raise ValueError(f"no such drive: {full}")
        here = self.root / drive[0].upper()
        for part in [p for p in rest.split("\\") if p]:
            nxt = here / part
            if not nxt.exists() and here.is_dir():
                nxt = next((c for c in here.iterdir() if c.name.lower() == part.lower()), nxt)
            here = nxt
        return here
