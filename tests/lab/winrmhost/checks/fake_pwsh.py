#!/usr/bin/env python3
"""Stands in for pwsh so that the pwsh executor can be checked where there is none.

`-s`: a PSRP server on stdin/stdout in PowerShell's out-of-process framing. Otherwise `-EncodedCommand B64` or `-Command TEXT`.
Scripts are those of the mini interpreter.
"""

import asyncio
import base64
import pathlib
import re
import sys
import tempfile
import uuid
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import psrpcore
from psrpcore.types import PSInvocationState

from winrmhost.executor import Call, ExitScript, MiniPS, ScriptError
from winrmhost.shells import _error_record
from winrmhost.winfs import WinFS

FS = WinFS(pathlib.Path(tempfile.mkdtemp()), "pwsh", "FAKEPWSH")


class Sink:
    clixml = False

    def __init__(self, out, err):
        self.output, self.err = out, err

    def error(self, message, fqid, terminating):
        self.err(message)

    def record(self, kind, message):
        pass


def say(tag, guid, data=b""):
    body = (
        f"<Data Stream='Default' PSGuid='{guid}'>{base64.b64encode(data).decode()}</Data>"
        if data
        else f"<{tag} PSGuid='{guid}' />"
    )
    sys.stdout.write(body + "\n")
    sys.stdout.flush()


async def serve():
    pool, tasks, zero = psrpcore.ServerRunspacePool(), {}, uuid.UUID(int=0)

    def flush():
        while (p := pool.data_to_send(32768)) is not None:
            say("Data", p.pipeline_id or zero, p.data)

    async def work(pid, shell):
        p = pool.pipeline_table[pid]
        p.start()

        async def no_input():
            return
            yield

        call = Call.of_pipeline(
            shell,
            "pwsh",
            FS,
            Sink(lambda v: (p.write_output(v), flush()), lambda m: p.write_error(_error_record(m, "x", "y").Exception)),
            no_input,
        )
        try:
            await MiniPS(call).run()
            p.complete()
        except ScriptError as e:
            p._change_state(PSInvocationState.Failed, error=_error_record(str(e), e.fqid, e.kind))
        except asyncio.CancelledError:
            p.stop()
        flush()

    reader = asyncio.StreamReader(limit=64 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        e = ET.fromstring(line)
        guid = uuid.UUID(e.attrib["PSGuid"])
        if e.tag == "Data":
            pool.receive_data(psrpcore.PSRPPayload(base64.b64decode(e.text), psrpcore.StreamType.default, None))
            while (event := pool.next_event()) is not None:
                if isinstance(event, psrpcore.CreatePipelineEvent):
                    tasks[guid] = asyncio.create_task(work(guid, event.pipeline))
        elif e.tag == "Command":
            psrpcore.ServerPipeline(pool, guid)
        elif e.tag == "Signal" and guid in tasks:
            tasks[guid].cancel()
        say(e.tag + "Ack", guid)
        flush()
        if e.tag == "Close" and guid == zero:
            return


def main():
    args = sys.argv[1:]
    low = [a.lower() for a in args]
    if "-s" in low or "-servermode" in low:
        asyncio.run(serve())
        return 0
    text = (
        base64.b64decode(args[low.index("-encodedcommand") + 1]).decode("utf-16-le")
        if "-encodedcommand" in low
        else " ".join(args[low.index("-command") + 1 :])
    )
    text = re.sub(r"^& '[^']*';", "", text)  # the prologue
    call = Call("powershell", "pwsh", text, FS, Sink(print, lambda m: print(m, file=sys.stderr)), None)
    try:
        asyncio.run(MiniPS(call).run())
    except ExitScript as e:
        return e.rc
    except ScriptError as e:
        print(e, file=sys.stderr)
        return 1
    return 0


sys.exit(main())
