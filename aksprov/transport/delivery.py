"""What one host is sent: a header of lines and a ustar stream, and what its answer means.

Formats: POSIX.1-2017, pax, "ustar Interchange Format"; proc_net_tcp (Linux kernel documentation)
for the addresses that a host looks up among its listening sockets.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator

from aksprov.model.bundle import BundleFile, Listen, Reader, reader_of_place
from aksprov.model.facts import ManifestFile
from aksprov.model.transport import Delivery, Receipt, StepResult
from aksprov.transport.posix import script
from aksprov.transport.refusals import refusal

# The readers that are more than a place to put a file, and the scripts that they need.
_STEP_SCRIPTS: dict[Reader, tuple[str, ...]] = {
    "network": ("common", "network"),
    "modules": ("common", "modules"),
    "sysctl": ("common", "sysctl"),
    "systemd": ("common", "systemd"),
    "containerd": ("common", "units", "containerd"),
    "haproxy": ("common", "units", "haproxy"),
    "keepalived": ("common", "units", "keepalived"),
    "kubeadm": ("common", "kubeadm"),
}
# tar pads a stream to whole blocks and ends it with two empty ones.
_BLOCK = 512


def apply_script(delivery: Delivery) -> str:
    """The script that carries out a delivery: with the steps it has, and no others."""
    if delivery.leaving:
        steps = ("steps/common", "steps/units", "steps/systemd", "steps/network")
        return script("lock", "swap", "undo", "removes", *steps, "leave", "apply")
    found = dict.fromkeys(f"steps/{name}" for step in delivery.steps for name in _STEP_SCRIPTS.get(step, ()))
    undo = ("undo",) if found else ()
    removes = ("removes",) if delivery.removes else ()
    return script("lock", "swap", *undo, *removes, *found, "apply")


def apply_input(delivery: Delivery, mark: str) -> bytes:
    """Its stdin: header and stream.

    Args:
        mark: a random word that sets this exchange's staged files apart from any other's.

    Raises:
        ValueError: a file without content or without a place in the manifest, or a path that ustar cannot hold.
    """
    manifest = delivery.manifest
    arriving = {file.path: (file, _content(file)) for file in delivery.files}
    if missing := arriving.keys() - {m.path for m in manifest.files}:
        raise ValueError(f"files that the manifest does not have: {sorted(missing)}")
    lines = [f"run {manifest.state_id} {manifest.epoch} {mark} {manifest.bundle}"]
    lines += [_file_line(managed, *arriving.get(managed.path, (None, b""))) for managed in manifest.files]
    lines += [f"leave {delivery.leaving} {' '.join(delivery.vips)}"] if delivery.leaving else []
    lines += [f"remove {reader_of_place(path)} {path}" for path in delivery.removes]
    lines += [f"step {step}" for step in delivery.steps]
    lines += [f"listen {x.unit} {_endpoint(x)} {' '.join(_kernel_socket(x))}" for x in delivery.listens]
    header = "".join(f"{line}\n" for line in [*lines, "."]).encode()
    members = (_ustar(_staged(path, mark), file, content) for path, (file, content) in arriving.items())
    return b"".join([header, *members, bytes(2 * _BLOCK)])


def _file_line(managed: ManifestFile, file: BundleFile | None, content: bytes) -> str:
    if file is None:
        return f"managed {managed.mode} {managed.sha256} {managed.path} {managed.cluster}"
    if (managed.sha256, managed.mode) != (hashlib.sha256(content).hexdigest(), file.mode):
        raise ValueError(f"the manifest says otherwise of {file.path}")
    return f"file {file.reader} {file.mode} {file.owner} {managed.sha256} {file.path} {managed.cluster}"


def parse_answer(text: str, delivery: Delivery, host: str) -> Receipt:
    """What the host says of each step.

    Raises:
        HostError: the step that failed, and whether the old configuration is in force.
    """
    steps = [StepResult(step=step, result=result, details=said) for step, result, _, said in _said(text)]
    failures = [
        (step, code, lock_holder(said) if code == "HostLocked" else said)
        for step, result, code, said in _said(text)
        if result == "failed"
    ]
    if failures:
        raise refusal(host, failures)
    if sorted(s.step for s in steps) != sorted(delivery.steps):
        raise refusal(host, [("end", "AnswerUnreadable", text[-500:])])
    return Receipt(steps=tuple(steps))


def check_recovery(text: str, host: str) -> None:
    """Read the answer of recover.sh.

    Raises:
        HostError: HostLocked, HostLeftHalf where a broken swap could not be put right, or SwapLogUnreadable.
    """
    result, _, rest = text.strip().partition(" ")
    if result == "locked":
        raise refusal(host, [("lock", "HostLocked", lock_holder(rest))])
    if result == "broken":
        raise refusal(host, [("recover", "HostLeftHalf", rest)])
    if result == "unreadable":
        raise refusal(host, [("recover", "SwapLogUnreadable", rest)])
    if result != "right":
        raise refusal(host, [("recover", "AnswerUnreadable", text[-500:])])


def lock_holder(word: str) -> str:
    """``PID:START:BOOT:EPOCH`` in words."""
    pid, _, rest = word.partition(":")
    return f"process {pid} on the host, of the run with epoch {rest.rpartition(':')[2]}"


def _said(text: str) -> Iterator[tuple[str, str, str, str]]:
    """(step, result, code, text) of each step in an answer."""
    for block in ("\n" + text).replace("\n\t", "\t").split("\n"):
        head, *lines = block.split("\t")
        words = head.split(" ")
        if len(words) == 3:
            yield words[0], words[1], words[2], "\n".join(lines).strip(" ,\n")


def _content(file: BundleFile) -> bytes:
    if file.content is None:
        raise ValueError(f"{file.path} waits for the late value {file.late!r}")
    return file.content.encode()


def _staged(path: str, mark: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}.aksprov-{mark}"


def _endpoint(listen: Listen) -> str:
    return f"[{listen.address}]:{listen.port}" if ":" in listen.address else f"{listen.address}:{listen.port}"


def _kernel_socket(listen: Listen) -> tuple[str, str]:
    """The table of /proc/net and the address as it is written there: words in the host's byte order.

    Kubernetes' Linux platforms that we serve, amd64 and arm64, are little-endian.
    """
    address = ipaddress.ip_address(listen.address)
    words = (address.packed[i : i + 4][::-1] for i in range(0, len(address.packed), 4))
    return "tcp" if address.version == 4 else "tcp6", f"{b''.join(words).hex().upper()}:{listen.port:04X}"


def _ustar(path: str, file: BundleFile, content: bytes) -> bytes:
    """One member: header, content, padding.  Written by hand: tarfile takes four times as long."""
    prefix, name = _split(path.lstrip("/"))
    user, _, group = file.owner.partition(":")
    fields = (
        (name, 100), (f"{int(file.mode, 8):07o}\0", 8), ("0000000\0", 8), ("0000000\0", 8),
        (f"{len(content):011o}\0", 12), ("00000000000\0", 12), (" " * 8, 8), ("0", 1), ("", 100),
        ("ustar\0", 6), ("00", 2), (user, 32), (group, 32), ("", 8), ("", 8), (prefix, 155), ("", 12),
    )  # fmt: skip
    header = b"".join(text.encode().ljust(width, b"\0") for text, width in fields)
    checksum = f"{sum(header):06o}\0 ".encode()
    padding = bytes(-len(content) % _BLOCK)
    return header[:148] + checksum + header[156:] + content + padding


def _split(path: str) -> tuple[str, str]:
    """ustar keeps a long path in two fields that a slash joins."""
    if len(path) <= 100:
        return "", path
    for cut in range(len(path) - 101, 156):
        if cut < len(path) and path[cut] == "/":
            return path[:cut], path[cut + 1 :]
    raise ValueError(f"a path that ustar cannot hold: {path}")
