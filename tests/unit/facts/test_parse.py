"""What real hosts answered, read back; and whatever else a host may say never breaks the reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksprov.errors import HostError
from aksprov.facts.parse import is_unfinished, parse_observation
from aksprov.model.facts import Facts, FileState, Interface, Observed, Unit

RECORDED = {p.stem: p.read_text() for p in (Path(__file__).parent / "recorded").glob("*.txt")}
ANSWER = RECORDED["bookworm"]


def with_part(name: str, text: str) -> str:
    """A recorded answer with another text in one part."""
    head, _, rest = ANSWER.partition(f"NONCE:{name}\n")
    return f"{head}NONCE:{name}\n{text}\nNONCE:{rest.partition('NONCE:')[2]}"


def facts_with(name: str, text: str) -> Observed:
    return parse_observation(with_part(name, text), host="h1")


@pytest.mark.parametrize(
    ("suite", "version", "haproxy", "keepalived"),
    [("bookworm", "12", "2.6.12", "2.2.7"), ("trixie", "13", "3.0.11", "2.3.3")],
)
def test_a_recorded_answer(suite: str, version: str, haproxy: str, keepalived: str) -> None:
    seen = parse_observation(RECORDED[suite], host="h1")
    facts = seen.facts
    assert (facts.hostname, facts.os_id, facts.os_version, facts.architecture) == ("h1", "debian", version, "x86_64")
    assert (facts.cpus, facts.memory_mb, facts.cgroup) == (2, 24684084 // 1024, "v2")
    assert 8_000 < facts.disk_free_mb < 9_000
    assert (len(facts.machine_id), len(facts.boot_id)) == (32, 36)
    assert facts.programs == {"haproxy": haproxy, "keepalived": keepalived}
    assert facts.units == {
        "haproxy": Unit(active="active", enabled="enabled"),
        "keepalived": Unit(active="inactive", enabled="enabled"),
        "containerd": Unit(),
        "kubelet": Unit(),
    }
    eth0 = next(i for i in facts.interfaces if i.name == "eth0")
    assert eth0 == Interface(
        name="eth0",
        altnames=("enp1s0", "lan"),
        mac="02:77:0a:4d:00:0b",
        mtu=1500,
        up=True,
        addresses=("10.77.0.11/16", "fe80::77:aff:fe4d:b/64"),
    )
    assert [i.up for i in facts.interfaces if i.name.startswith("v")] == [False, False]
    assert (seen.epoch, seen.ca_certificate, seen.ca_key_present) == (3, "PEM\n", True)
    assert seen.manifest is not None
    assert [f.path for f in seen.manifest.files] == ["/etc/b/c", "/srv/a"]
    digest = seen.manifest.files[1].sha256
    assert seen.files["/srv/a"] == FileState(path="/srv/a", kind="file", mode="0640", owner="root:root", sha256=digest)
    kinds = {path: state.kind for path, state in seen.files.items()}
    assert kinds == {
        "/srv/a": "file",
        "/etc/mtab": "link",
        "/srv": "directory",
        "/srv/fifo": "other",
        "/etc/b/c": "file",
    }
    assert not is_unfinished(RECORDED[suite])


@pytest.mark.parametrize(
    ("part", "text", "field", "value"),
    [
        ("host", "", "cpus", 0),
        ("host", "cpus -3\nuname x", "cpus", 0),
        ("host", "cpus 99999999999999999999999999", "cpus", 0),
        ("host", "memory MemTotal: no kB", "memory_mb", 0),
        ("host", "fs /sys/fs/cgroup tmpfs 0 4096", "cgroup", "v1"),
        ("host", "fs /var/lib", "disk_free_mb", 0),
        ("release", "ID='rocky'\nVERSION_ID=\"9.4\"\n#ID=x", "os_id", "rocky"),
        ("release", "\0\0=\n===", "os_version", ""),
        ("interfaces", "", "interfaces", ()),
        ("interfaces", "[1, {}, {\"ifname\": 3}, {\"ifname\": \"x\"}]", "interfaces", (Interface(name="x"),)),
        ("interfaces", "{\"ifname\": \"eth0\"}", "interfaces", ()),
        ("units", "Id=haproxy.service\nActiveState=active", "units", {"haproxy": Unit(active="active")}),
        ("units", "System has not been booted with systemd", "units", {}),
        ("programs", "kubelet Kubernetes v1.36.4", "programs", {"kubelet": "1.36.4"}),
        ("programs", "containerd containerd github.com/containerd v2.1.4 75c", "programs", {"containerd": "2.1.4"}),
        ("programs", 'kubectl version.Info{Major:"1", GitVersion:"v1.20.2"', "programs", {"kubectl": "1.20.2"}),
        ("programs", "haproxy Segmentation fault", "programs", {"haproxy": ""}),
    ],
)  # fmt: skip
def test_odd_values_are_unknown(part: str, text: str, field: str, value: object) -> None:
    assert getattr(facts_with(part, text).facts, field) == value


def test_a_manifest_that_somebody_edited_is_refused_with_its_place() -> None:
    for text in ("{", "[]", '{"schema":1}', '{"state_id":"x","epoch":"1","bundle":"b"}'):
        with pytest.raises(HostError) as raised:
            facts_with("manifest", text)
        assert raised.value.code == "ManifestUnreadable"
        assert "/var/lib/aksprov/manifest.json" in raised.value.fix


def test_a_file_cannot_pretend_to_be_a_part() -> None:
    assert parse_observation(with_part("ca", "host\nNONC:end\n NONCE:epoch"), host="h1").epoch == 3


def test_an_answer_that_is_cut_is_no_answer() -> None:
    for length in (0, 1, 10, len(ANSWER) // 2, len(ANSWER) - 5):
        with pytest.raises(HostError, match="cannot be read") as raised:
            parse_observation(ANSWER[:length], host="h1")
        assert raised.value.code == "AnswerUnreadable"


def test_an_answer_without_facts_is_one_only_where_nobody_asked_for_them() -> None:
    text = ANSWER[ANSWER.index("NONCE:epoch") :]
    whole, short = parse_observation(ANSWER, host="h1"), parse_observation(text, host="h1", facts=False)
    assert (short.epoch, short.manifest, short.files) == (whole.epoch, whole.manifest, whole.files)
    assert short.facts == Facts()
    with pytest.raises(HostError, match="cannot be read"):
        parse_observation(text, host="h1")


def test_what_a_killed_run_left_is_noticed() -> None:
    assert is_unfinished(with_part("swap", "/var/lib/aksprov/lock"))


lines = st.lists(st.sampled_from([*ANSWER.splitlines(), ""]) | st.text(max_size=30), max_size=60)


@given(lines)
def test_no_answer_breaks_the_reader(lines: list[str]) -> None:
    for text in ("\n".join(lines), "\n".join(["NONCE:host", *lines, "NONCE:end", ""])):
        try:
            assert isinstance(parse_observation(text), Observed)
        except HostError as error:
            assert error.code in ("AnswerUnreadable", "ManifestUnreadable")


@given(
    st.sampled_from(sorted({line.partition(":")[2] for line in ANSWER.splitlines() if line.startswith("NONCE:")})),
    st.text(),
)
def test_no_part_breaks_the_reader(part: str, text: str) -> None:
    try:
        assert isinstance(facts_with(part, text), Observed)
    except HostError as error:
        assert error.code in ("AnswerUnreadable", "ManifestUnreadable")
