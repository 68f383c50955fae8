"""python -m winrmhost --root DIR [options]: serve until interrupted; the first line printed is JSON with the addresses."""

from __future__ import annotations

import argparse
import asyncio
import json
import pathlib
import signal

from .config import Config
from .server import WinRMHost


def main() -> None:
    p = argparse.ArgumentParser(prog="winrmhost", description=__doc__)
    p.add_argument("--root", type=pathlib.Path, required=True, help="folder that stands for the Windows drives")
    p.add_argument("--user", action="append", metavar="NAME:PASSWORD", help="may be given several times")
    p.add_argument("--bind", default="127.0.0.1")
    p.add_argument("--cert-name", action="append", metavar="NAME", help="of the certificate; several times")
    p.add_argument("--cert-days", type=int, default=Config.cert_days, help="of validity from now; negative: expired")
    p.add_argument("--http-port", type=int, default=5985, help="-1: no HTTP listener")
    p.add_argument("--https-port", type=int, default=5986, help="-1: no HTTPS listener")
    p.add_argument("--auth", default="negotiate,basic")
    p.add_argument("--allow-unencrypted", action="store_true")
    p.add_argument("--cbt", action="store_true", help="require channel bindings on HTTPS")
    p.add_argument("--pwsh", default="auto", help="a real pwsh; 'never': always the rules")
    p.add_argument("--rules", action="append", default=[], metavar="FILE.py")
    p.add_argument("--unknown", choices=["error", "ok"], default="error")
    for name, kind in [
        ("max-envelope-kb", int),
        ("max-shells-per-user", int),
        ("max-operations-per-user", int),
        ("max-commands-per-shell", int),
        ("max-timeout-ms", int),
        ("idle-timeout-s", float),
        ("latency-ms", float),
        ("bandwidth-kbs", float),
        ("keepalive-s", float),
        ("drop-after", int),
        ("shutdown-s", float),
        ("restart-s", float),
    ]:
        p.add_argument(f"--{name}", type=kind, default=getattr(Config, name.replace("-", "_")))
    p.add_argument("--log", type=pathlib.Path)
    a = vars(p.parse_args())
    users = dict(u.split(":", 1) for u in a.pop("user") or ["Administrator:Passw0rd!"])
    a["cert_names"] = tuple(a.pop("cert_name") or Config.cert_names)
    a["http_port"] = None if a["http_port"] < 0 else a["http_port"]
    a["https_port"] = None if a["https_port"] < 0 else a["https_port"]
    a["pwsh"] = None if a["pwsh"] == "never" else a["pwsh"]
    config = Config(users=users, **{**a, "auth": tuple(a["auth"].split(",")), "rules": tuple(a["rules"])})

    async def serve() -> None:
        stop = asyncio.Event()
        for s in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(s, stop.set)
        async with WinRMHost(config) as host:
            print(
                json.dumps(
                    {
                        "http": host.http_url,
                        "https": host.https_url,
                        "cert": str(host.cert),
                        "users": users,
                        "pwsh": host.pwsh,
                    }
                ),
                flush=True,
            )
            await stop.wait()
            print(json.dumps(dict(host.stats)), flush=True)

    asyncio.run(serve())


main()
