"""What the checks share: hosts, and how real clients reach them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import winrm

from winrmhost import Config, running_host

USER, PASSWORD = "Administrator", "Passw0rd!"
Serve = Callable[..., Any]


def serving(root: Path, **fixed: Any) -> Iterator[Serve]:
    """Starts hosts over the same folder, until the test ends."""
    stack = []

    def start(**options: Any) -> Any:
        host = running_host(Config(root=root, **(fixed | options)))
        stack.append(host)
        return host.__enter__()

    yield start
    for host in stack:
        host.__exit__(None, None, None)


def psrp_kw(host: Any, tls: bool = False, auth: str = "ntlm", **more: Any) -> dict[str, Any]:
    """Of pypsrp's Client and WSMan."""
    port = urlsplit(host.https_url if tls else host.http_url).port
    login = {"auth": auth, "username": USER, "password": PASSWORD, "cert_validation": False}
    return {"server": "127.0.0.1", "port": port, "ssl": tls, **login, **more}


def winrm_session(host: Any, tls: bool = False, transport: str = "ntlm", **more: Any) -> winrm.Session:
    """pywinrm's."""
    url = host.https_url if tls else host.http_url
    return winrm.Session(url, auth=(USER, PASSWORD), transport=transport, server_cert_validation="ignore", **more)
