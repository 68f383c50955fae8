"""Taking a host over: its manifest passes to another state, and nothing else on it changes."""

from __future__ import annotations

import hashlib

import msgspec

from aksprov.errors import HostError
from aksprov.model.facts import Manifest
from aksprov.model.host import Host
from aksprov.model.transport import Connection
from aksprov.transport.delivery import lock_holder
from aksprov.transport.posix import script
from aksprov.transport.refusals import refusal
from aksprov.transport.windows import ps
from aksprov.transport.windows.refusals import windows_refusal

_STEP = "adopt"
# the script's word -> the code of the error
_CODES = {"locked": "HostLocked", "changed": "HostChangedMeanwhile", "failed": "StagingFailed"}


async def take_over(connection: Connection, was: bytes, manifest: Manifest) -> None:
    """Put ``manifest`` in the place of the one that was read, with its epoch.

    Args:
        was: the manifest's bytes as they were read; another one is left as it is.

    Raises:
        HostError: HostLocked, HostChangedMeanwhile, StagingFailed, or what the connection raises.
    """
    will = msgspec.json.encode(manifest)
    if connection.host.os == "windows":
        done = await connection.run(ps.script("files", "lock", "adopt"), _request(was, will, manifest))
    else:
        done = await connection.run(script("lock", "adopt"), _stdin(was, will, manifest))
    word, _, rest = done.stdout.decode("utf-8", "replace").strip().partition(" ")
    if word != "adopted":
        raise _refused(connection.host, word, rest or done.stderr.decode("utf-8", "replace")[-500:])


def _stdin(was: bytes, will: bytes, manifest: Manifest) -> bytes:
    digests = (hashlib.sha256(content).hexdigest() for content in (was, will))
    return f"{manifest.state_id} {manifest.epoch} {' '.join(digests)}\n".encode() + will


def _request(was: bytes, will: bytes, manifest: Manifest) -> bytes:
    asked = {"state_id": manifest.state_id, "epoch": manifest.epoch, "manifest": will.decode()}
    return msgspec.json.encode(asked | {"was": hashlib.sha256(was).hexdigest()})


def changed_meanwhile(host: str) -> HostError:
    """The error for a host whose manifest is not the one that was looked at."""
    return refusal(host, [(_STEP, "HostChangedMeanwhile", "")])


def _refused(host: Host, word: str, said: str) -> HostError:
    code = _CODES.get(word, "AnswerUnreadable")
    if host.os == "windows":
        return windows_refusal(host.name, [(_STEP, code, said)])
    return refusal(host.name, [(_STEP, code, lock_holder(said) if code == "HostLocked" else said)])
