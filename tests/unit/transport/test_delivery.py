"""What a host is sent and what its answer means."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksprov.errors import HostError
from aksprov.model.bundle import BundleFile, Listen
from aksprov.model.facts import Manifest, ManifestFile
from aksprov.model.transport import Delivery, StepResult
from aksprov.transport.delivery import apply_input, apply_script, check_recovery, parse_answer

names = st.text("abcXYZ019._@+-", min_size=1, max_size=30).filter(lambda n: n not in (".", ".."))
paths = st.lists(names, min_size=1, max_size=7).map(lambda parts: "/" + "/".join(parts))
files = st.builds(
    BundleFile,
    path=paths,
    content=st.text(max_size=2000),
    reader=st.sampled_from(["named", "sysctl", "haproxy", "data"]),
    cluster=st.sampled_from(["demo", "edge-7"]),
    mode=st.sampled_from(["0644", "0600", "0755", "4755"]),
    owner=st.sampled_from(["root:root", "root:haproxy"]),
)


def delivery(*files: BundleFile, unchanged: tuple[ManifestFile, ...] = (), **more: object) -> Delivery:
    managed = [ManifestFile(path=f.path, sha256=sha256(f), mode=f.mode, cluster=f.cluster) for f in files]
    manifest = Manifest(state_id="s1", epoch=7, bundle="d" * 64, files=(*managed, *unchanged))
    values = {"files": files, "removes": (), "steps": (), "listens": (), "manifest": manifest, **more}
    return Delivery(**values)  # type: ignore[arg-type]


def sha256(file: BundleFile) -> str:
    return hashlib.sha256((file.content or "").encode()).hexdigest()


def divided(data: bytes) -> tuple[list[str], bytes]:
    header, _, stream = data.partition(b"\n.\n")
    return header.decode().split("\n"), stream


@given(st.lists(files, max_size=6, unique_by=lambda f: f.path))
def test_the_stream_is_one_that_tar_reads(files: list[BundleFile]) -> None:
    _, stream = divided(apply_input(delivery(*files), "5ec0"))
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        members = tar.getmembers()
        found = [
            (m.name, f"{m.mode:04o}", f"{m.uname}:{m.gname}", tar.extractfile(m).read().decode())  # type: ignore[union-attr]
            for m in members
        ]
    assert all(m.isreg() for m in members)
    assert found == [(staged(f.path)[1:], f.mode, f.owner, f.content) for f in files]


def staged(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}.aksprov-5ec0"


def test_the_header_says_everything_once() -> None:
    ca = BundleFile(path="/etc/haproxy/ca.crt", content="PEM", reader="named", cluster="demo")
    cfg = BundleFile(path="/etc/haproxy/haproxy.cfg", content="x", reader="haproxy", cluster="demo", mode="0640")
    kept = ManifestFile(path="/etc/crictl.yaml", sha256="c" * 64, mode="0644", cluster="edge")
    lines, _ = divided(
        apply_input(
            delivery(
                ca,
                cfg,
                unchanged=(kept,),
                removes=("/etc/sysctl.d/x.conf", "/etc/keepalived/keepalived.conf", "/opt/y"),
                steps=("sysctl", "haproxy"),
                listens=(
                    Listen(unit="haproxy", address="10.77.0.200", port=6443),
                    Listen(unit="haproxy", address="fd00::1", port=80),
                ),
            ),
            "5ec0",
        )
    )
    assert lines == [
        f"run s1 7 5ec0 {'d' * 64}",
        f"file named 0644 root:root {sha256(ca)} /etc/haproxy/ca.crt demo",
        f"file haproxy 0640 root:root {sha256(cfg)} /etc/haproxy/haproxy.cfg demo",
        f"managed 0644 {'c' * 64} /etc/crictl.yaml edge",
        "remove sysctl /etc/sysctl.d/x.conf",
        "remove keepalived /etc/keepalived/keepalived.conf",
        "remove data /opt/y",
        "step sysctl",
        "step haproxy",
        # as /proc/net/tcp and tcp6 of a little-endian machine write them
        "listen haproxy 10.77.0.200:6443 tcp C8004D0A:192B",
        "listen haproxy [fd00::1]:80 tcp6 000000FD000000000000000001000000:0050",
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (delivery(BundleFile(path="/a", content=None, late="ca", reader="data", cluster="c")), "waits for the late"),
        (delivery(BundleFile(path="/" + "a" * 101, content="", reader="data", cluster="c")), "ustar"),
        (
            Delivery(
                files=(BundleFile(path="/a", content="x", reader="data", cluster="c"),),
                removes=(),
                steps=(),
                listens=(),
                manifest=Manifest(state_id="s", epoch=1, bundle="b"),
            ),
            "manifest does not have",
        ),
        (
            Delivery(
                files=(BundleFile(path="/a", content="x", reader="data", cluster="c"),),
                removes=(),
                steps=(),
                listens=(),
                manifest=Manifest(
                    state_id="s", epoch=1, bundle="b", files=(ManifestFile(path="/a", sha256="e" * 64, mode="0644"),)
                ),
            ),
            "says otherwise of /a",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_whole_is_our_bug_and_not_the_hosts(wrong: Delivery, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        apply_input(wrong, "5ec0")


def test_only_the_steps_of_a_delivery_are_sent() -> None:
    plain = apply_script(delivery())
    assert "systemctl" not in plain
    full = apply_script(delivery(steps=("sysctl", "haproxy", "keepalived"), removes=("/x",)))
    assert full.count("bring()") == 1
    assert all(f"{name}()" in full for name in ("apply_sysctl", "apply_haproxy", "remove", "undo_steps"))
    assert "apply_systemd()" not in full


def test_an_answer_in_order_is_a_receipt() -> None:
    text = "sysctl done -\n\t2 changed and read back\nhaproxy done -\n\tchecked\n\tsecond line\ndata done -\n\t\n"
    receipt = parse_answer(text, delivery(steps=("sysctl", "haproxy", "data")), "h1")
    assert receipt.steps == (
        StepResult(step="sysctl", result="done", details="2 changed and read back"),
        StepResult(step="haproxy", result="done", details="checked\nsecond line"),
        StepResult(step="data", result="done"),
    )


@pytest.mark.parametrize(
    ("text", "code", "where", "words"),
    [
        ("haproxy failed ConfigRefused\n\t[ALERT] x\n", "ConfigRefused", "h1, step haproxy", "[ALERT] x"),
        ("lock failed HostLocked\n\t412:99:boot:7\n", "HostLocked", "h1, step lock", "process 412 on the host"),
        ("x failed NotListening\n\tx\nback failed HostLeftHalf\n\t /a\n", "HostLeftHalf", "h1, step x", "x; /a"),
        ("haproxy done -\n\tx\n", "AnswerUnreadable", "h1, step end", ""),
        ("", "AnswerUnreadable", "h1, step end", ""),
        ("sh: 12: something odd", "AnswerUnreadable", "h1, step end", "something odd"),
        ("x failed NoSuchCode\n\ty\n", "AnswerUnreadable", "h1, step x", "y"),
    ],
)  # fmt: skip
def test_a_failure_says_which_step_and_why(text: str, code: str, where: str, words: str) -> None:
    with pytest.raises(HostError) as raised:
        parse_answer(text, delivery(steps=("sysctl", "haproxy")), "h1")
    assert (raised.value.code, raised.value.where) == (code, where)
    assert words in raised.value.why
    assert "{" not in raised.value.what + raised.value.fix


def test_a_repair_that_does_not_end_well_is_an_error() -> None:
    check_recovery("right\n", "h1")
    for text, code in (
        ("locked 1:2:3:4\n", "HostLocked"),
        ("broken /etc/a haproxy\n", "HostLeftHalf"),
        ("", "AnswerUnreadable"),
    ):
        with pytest.raises(HostError) as raised:
            check_recovery(text, "h1")
        assert raised.value.code == code


@given(st.text())
def test_no_answer_breaks_the_reader(text: str) -> None:
    with pytest.raises(HostError):
        parse_answer(text, delivery(steps=("haproxy",)), "h1")
