"""So many Windows lab hosts in one process: ``python windows_hosts.py FOLDER COUNT LATENCY-MS``.

The first line on standard output is JSON: addresses, and the file with all their certificates.  For each line on
standard input it prints what they have counted since the last one.  AKSPROV_BENCH_PWSH makes an engine run the scripts.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from winrmhost import Config, WinRMHost

RULES = Path(__file__).with_name("windows_rules.py")


async def serve(folder: Path, count: int, latency: float) -> None:
    """Until standard input ends."""
    engine = os.environ.get("AKSPROV_BENCH_PWSH")
    async with AsyncExitStack() as stack:
        hosts = []
        for number in range(1, count + 1):
            config = Config(
                root=folder / f"w{number}",
                bind=f"127.0.2.{number}",
                http_port=None,
                https_port=5986,
                computer=f"W{number}",
                latency_ms=latency,
                pwsh=engine,
                rules=() if engine else (str(RULES),),
            )
            hosts.append(await stack.enter_async_context(WinRMHost(config)))
        for host in hosts:
            host.fs("Administrator").path("C:\\app").mkdir(parents=True)
        trusted = folder / "certificates.pem"
        trusted.write_text("".join(host.cert.read_text() for host in hosts))
        print(json.dumps({"addresses": [host.config.bind for host in hosts], "trusted": str(trusted)}), flush=True)
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while await lines.readline():
            trips = sum(host.stats["round_trips"] for host in hosts)
            print(json.dumps({"round_trips": trips / len(hosts)}), flush=True)
            for host in hosts:
                host.stats.clear()
                host.records.clear()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
