"""The bundle upload of the notes: one pipeline, a zip as base64 pieces that fill an envelope each, expanded by one script."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import pathlib
import typing as t
import zipfile

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

SCRIPT = (pathlib.Path(__file__).parent / "receive-bundle.ps1").read_text()


def make_zip(folder: pathlib.Path) -> bytes:
    buf = io.BytesIO()
    with zipfile.ZipFile(buf, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as z:
        for p in sorted(folder.rglob("*")):
            if p.is_file():
                z.write(p, p.relative_to(folder).as_posix())
    return buf.getvalue()


def send(wsman: WSMan, data: bytes, destination: str, pool: RunspacePool | None = None) -> dict[str, t.Any]:
    own = pool is None
    pool = pool or RunspacePool(wsman)
    if own:
        pool.open()
    try:
        step = (wsman.max_payload_size - 21 - 40 - 64) // 4 * 3  # one piece, one fragment, one Send

        def pieces() -> t.Iterator[list[str]]:
            for i in range(0, len(data), step):
                yield [base64.b64encode(data[i : i + step]).decode()]

        ps = PowerShell(pool)  # not `with`: its exit hides the real error when the pipeline is still running
        ps.add_script(SCRIPT).add_parameter("Destination", destination).add_parameter(
            "Sha256", hashlib.sha256(data).hexdigest()
        )
        out = ps.invoke(input=pieces())
        ps.close()
        if ps.had_errors or ps.streams.error:
            raise RuntimeError("; ".join(str(e) for e in ps.streams.error))
        return json.loads(out[-1])
    finally:
        if own:
            pool.close()
