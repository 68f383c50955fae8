"""What one Windows host is sent, and what its answer means: a zip of files with a header, as pieces of base64."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import msgspec

from aksprov.model.base import Value
from aksprov.model.bundle import BundleFile, reader_of_place
from aksprov.model.transport import Delivery, Receipt, StepResult
from aksprov.transport.windows.refusals import windows_refusal

# PowerShell remoting ends a pipeline that is sent more than 50 MB (PSMaximumReceivedDataSizePerCommandMB); base64 adds
# a third.
PIPELINE_BYTES = 35_000_000
# One piece is one object, and as large as an envelope of 500 KB carries in one fragment: base64 twice, and SOAP.
PIECE_BYTES = 270_000


class FileSaid(msgspec.Struct):
    """What lacks.ps1 says of a file; observe.ps1, whose answer is read twice, says other things of it."""

    path: str
    state: str = ""
    pieces: str = ""


class Answer(msgspec.Struct):
    """A script's line of JSON; each script gives some of these."""

    failed: list[tuple[str, str, str]] = []
    steps: list[tuple[str, str, str]] = []
    restart: str | None = None
    bytes: int = 0
    recovered: str = ""
    text: str = ""
    contents: dict[str, str] = {}
    open: bool = False
    status: int = 0
    files: list[FileSaid] = []
    free: int = 0


class Package(Value, frozen=True, kw_only=True):
    """A delivery as it travels.

    Args:
        content: the zip.
    """

    content: bytes

    @property
    def sha256(self) -> str:
        """Of the zip, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    def loads(self) -> list[bytes]:
        """The zip in loads that one pipeline each may carry; one at least."""
        return [self.content[i : i + PIPELINE_BYTES] for i in range(0, len(self.content), PIPELINE_BYTES)]


def pieces(load: bytes) -> Iterator[str]:
    """A load as base64, piece by piece."""
    for i in range(0, len(load), PIECE_BYTES):
        yield base64.b64encode(load[i : i + PIECE_BYTES]).decode()


def package(delivery: Delivery) -> Package:
    """The zip of a delivery.

    Raises:
        ValueError: a file without content or without a place in the manifest.
    """
    manifest = {m.path: m for m in delivery.manifest.files}
    entries: list[dict[str, Any]] = []
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, file in enumerate(delivery.files):
            content = _content(file)
            digest = hashlib.sha256(content).hexdigest()
            listed = manifest.get(file.path)
            if listed is None or (listed.sha256, listed.mode) != (digest, file.mode):
                raise ValueError(f"the manifest says otherwise of {file.path}")
            entry = {
                "entry": str(number),
                "reader": file.reader,
                "mode": file.mode,
                "sha256": digest,
                "path": file.path,
            }
            entries.append(entry)
            archive.writestr(zipfile.ZipInfo(str(number)), content, zipfile.ZIP_DEFLATED)
        header = {
            "state_id": delivery.manifest.state_id,
            "epoch": delivery.manifest.epoch,
            "manifest": msgspec.json.encode(delivery.manifest).decode(),
            "files": entries,
            "removes": [{"reader": reader_of_place(path), "path": path} for path in delivery.removes],
            "steps": delivery.steps,
            "leaving": delivery.leaving,
        }
        archive.writestr(zipfile.ZipInfo("header.json"), msgspec.json.encode(header), zipfile.ZIP_DEFLATED)
    return Package(content=buffer.getvalue())


def read_answer(lines: tuple[str, ...], host: str) -> Answer:
    """The one line of JSON that a script gives.

    Raises:
        HostError: AnswerUnreadable, or what the script refused.
    """
    said = [line for line in lines if line.strip()]
    try:
        answer = msgspec.json.decode(said[-1] if said else "", type=Answer)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise windows_refusal(host, [("answer", "AnswerUnreadable", "\n".join(said)[-500:])]) from None
    if answer.failed:
        raise windows_refusal(host, answer.failed)
    return answer


def receipt(answer: Answer, delivery: Delivery, host: str) -> Receipt:
    """What the host says of each step.

    Raises:
        HostError: AnswerUnreadable where steps are missing.
    """
    if sorted(step for step, _, _ in answer.steps) != sorted(delivery.steps):
        raise windows_refusal(host, [("end", "AnswerUnreadable", str(answer.steps)[-500:])])
    return Receipt(steps=tuple(StepResult(step=s, result=result, details=text) for s, result, text in answer.steps))


def _content(file: BundleFile) -> bytes:
    if file.content is None:
        raise ValueError(f"{file.path} waits for the late value {file.late!r}")
    return file.content.encode()
