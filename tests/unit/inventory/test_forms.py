"""What good hosts files say, in each of the three forms."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aksprov.errors import DefinitionError
from aksprov.inventory.hosts_file import parse
from aksprov.model.host import Capacity, Host, Maintenance

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1mDfPOPXp1zDRP1lpRz0eXgWOLyCWZ1mG1d6Z2yqg6"
NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(
    lambda n: n not in ("con", "aux", "nul", "prn") and n[:3] not in ("com", "lpt")
)
LABELS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,10}[A-Za-z0-9])?", fullmatch=True)
GIGABYTES = st.integers(1, 4_000_000).map(lambda n: n / 1000)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)

CAPACITIES = st.builds(
    Capacity,
    cpus=st.none() | st.integers(1, 512),
    memory_gb=st.none() | GIGABYTES,
    disk_gb=st.none() | GIGABYTES,
)
HOSTS = st.builds(
    Host,
    name=NAMES,
    address=st.ip_addresses(network="10.0.0.0/8").map(str) | st.ip_addresses(network="fd00::/8").map(str),
    os=st.just("linux"),
    port=st.none() | st.integers(1, 65535),
    user=st.none() | st.sampled_from(["root", "no", "null", "010", "DOM\\user", "täst"]),
    key_file=st.none() | st.sampled_from(["/keys/id", "~/.ssh/id_ed25519", "/with blank/ä"]),
    password_ref=st.none() | st.sampled_from(["prompt", "env:PW", "file:/secret"]),
    become=st.sampled_from(["sudo", "none"]),
    host_key=st.none() | st.just(KEY),
    jump_host=st.none() | st.sampled_from(["bastion", "me@[fd00::1]:2222"]),
    labels=st.dictionaries(LABELS, LABELS, max_size=3),
    roles=st.lists(st.sampled_from(["control-plane", "worker", "load-balancer"]), unique=True).map(tuple),
    capacity=CAPACITIES,
    interfaces=st.dictionaries(TEXTS, st.sampled_from(["eth1", "enp3s0f1", "br-lan.7"]), max_size=2),
    maintenance=st.none() | st.builds(Maintenance, reason=TEXTS, until=st.dates().map(str)),
)
FILES = st.lists(HOSTS, min_size=1, max_size=4, unique_by=(lambda h: h.name, lambda h: h.address))


def plain(host: Host) -> dict[str, object]:
    """A host as nested dictionaries, without what is not set."""
    full = msgspec.to_builtins(host)
    return {
        key: {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
        for key, value in full.items()
        if value not in (None, (), {})
    }


def as_csv(hosts: list[Host], separator: str) -> str:
    """The same as a table, written by Python's csv module."""
    flat: list[dict[str, object]] = []
    for host in hosts:
        cells: dict[str, object] = {}
        for key, value in plain(host).items():
            if isinstance(value, dict):
                cells |= {f"{key}.{inner}": text for inner, text in value.items()}
            else:
                cells[key] = "|".join(value) if isinstance(value, tuple) else value
        flat.append(cells)
    columns = sorted({column for cells in flat for column in cells})
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=separator)
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(FILES, st.sampled_from(",;\t"))
def test_the_three_forms_say_the_same(hosts: list[Host], separator: str) -> None:
    """Written by other programs' writers, each form gives exactly the hosts that went in."""
    document = {"hosts": [plain(host) for host in hosts]}
    expected = tuple(hosts)
    assert parse(json.dumps(document).encode(), ".json", "/") == expected
    assert parse(yaml.safe_dump(document, allow_unicode=True).encode(), ".yml", "/") == expected
    assert parse(as_csv(hosts, separator).encode("utf-8-sig"), ".CSV", "/") == expected


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.sampled_from([".yaml", ".json", ".csv"]))
@example(b'{"hosts": ["\\ud800"]}', ".json")
@example(b'hosts: ["\\ud800"]', ".yaml")
@example(b"%YAML 9999999999999999999999.1\n---\na", ".yaml")
@example(b"\xef\xbb\xbf\xef\xbb\xbf", ".yaml")
def test_any_bytes_are_hosts_or_refused(content: bytes, suffix: str) -> None:
    """Nothing but DefinitionError comes out of a broken file."""
    try:
        parse(content, suffix, "/")
    except DefinitionError as error:
        assert error.code.startswith("HostsFile")


WORDS = ("hosts:", "- ", "name: a", "address: ::1", "os: linux", "labels: ", ": ", "&a ", "*a", "<<", "!t ", "null")
SNIPPETS = st.sampled_from([*WORDS, *"{}[],\"'|>#?%~;\\ \t\n", "\n  ", "\r\n", "---", "..."])


@settings(max_examples=400, deadline=None)
@given(st.lists(SNIPPETS, max_size=25).map("".join), st.sampled_from([".yaml", ".json", ".csv"]))
def test_pieces_of_hosts_files_are_hosts_or_refused(content: str, suffix: str) -> None:
    """The same, with texts that come close to being a file."""
    try:
        parse(content.encode(), suffix, "/")
    except DefinitionError as error:
        assert error.code.startswith("HostsFile")


@pytest.mark.parametrize("written", ["no", "010", "1.30", "0x1F", "1_000", "2026-01-01", "true", "1e3", ".5"])
def test_scalars_stay_as_written(written: str) -> None:
    """Nothing that YAML's older readers turn into numbers, dates and truth values is turned."""
    label = written.lstrip(".")
    content = f"hosts:\n- {{name: a, address: '::1', os: linux, user: {written}, labels: {{site: {label}}}}}\n"
    host = parse(content.encode(), ".yaml", "/")[0]
    assert (host.user, host.labels) == (written, {"site": label})


def test_a_spreadsheet_as_excel_saves_it() -> None:
    """Byte-order mark, semicolons, CRLF, empty rows and columns, padded cells, a quoted cell with a line break."""
    content = (
        "\ufeff;;;;;\r\nname; address ;os;labels.site;roles;maintenance.reason;;\r\n;;;;;;;\r\n"
        'web1;10.0.0.11;linux;no;worker | control-plane;"broken ""fan""; later";;\r\n\r\n'
        "web2 ;10.0.0.12; linux;;;;;\r\n;;;;;;;\r\n"
    )
    web1, web2 = parse(content.encode(), ".csv", "/")
    assert (web1.labels, web1.roles) == ({"site": "no"}, ("worker", "control-plane"))
    assert web1.maintenance == Maintenance(reason='broken "fan"; later')
    assert web2 == Host(name="web2", address="10.0.0.12", os="linux")


def test_null_and_empty_mean_that_a_key_is_left_out() -> None:
    """In every form; quoted they are texts."""
    yaml_text = (
        "hosts:\n- name: a\n  address: ::1\n  os: linux\n  port:\n  user: ~\n  labels: {site: null, rack: 'null'}\n"
    )
    json_text = '{"hosts": [{"name": "a", "address": "::1", "os": "linux", "user": null, "labels": {"rack": "null"}}]}'
    expected = (Host(name="a", address="::1", os="linux", labels={"rack": "null"}),)
    assert parse(yaml_text.encode(), ".yaml", "/") == expected
    assert parse(json_text.encode(), ".json", "/") == expected


def test_defaults_follow_the_operating_system() -> None:
    """Connection: ssh for Linux, psrp for Windows."""
    content = "name,address,os\na,10.0.0.1,linux\nb,10.0.0.2,windows\n"
    assert [host.connection for host in parse(content.encode(), ".csv", "/")] == ["ssh", "psrp"]


def test_relative_paths_start_at_the_file() -> None:
    """Of keys, certificates and secrets in files; absolute ones, ~ and other references stay."""
    content = (
        "name,address,os,key_file,password_ref\na,::1,linux,keys/id,file:../pw\nb,::2,linux,/k/id,file:/pw\n"
        "c,::3,linux,~/.ssh/id,env:keys/id\n"
    )
    hosts = parse(content.encode(), ".csv", "/etc/aks")
    assert [host.key_file for host in hosts] == ["/etc/aks/keys/id", "/k/id", "~/.ssh/id"]
    assert [host.password_ref for host in hosts] == ["file:/etc/pw", "file:/pw", "env:keys/id"]


def test_aliases_work_as_in_yaml() -> None:
    """A value written once and used for many hosts."""
    common = "os: linux, labels:"
    content = (
        f"hosts:\n- {{name: a, address: ::1, {common} &l {{site: x}}}}\n- {{name: b, address: ::2, {common} *l}}\n"
    )
    assert [host.labels for host in parse(content.encode(), ".yaml", "/")] == [{"site": "x"}, {"site": "x"}]


def test_keys_and_thumbprints_are_kept_in_one_form() -> None:
    """Without the comment; lower case without colons."""
    thumbprint = ":".join(["AB"] * 32)
    content = f"name,address,os,host_key,certificate_sha256\na,::1,linux,{KEY} root@a,\nb,::2,windows,,{thumbprint}\n"
    a, b = parse(content.encode(), ".csv", "/")
    assert (a.host_key, b.certificate_sha256) == (KEY, "ab" * 32)


def test_the_examples_of_the_documentation_are_hosts() -> None:
    """docs/hosts-file.md shows what can be used as it is, and the same key names."""
    document = (Path(__file__).parents[3] / "docs/hosts-file.md").read_text()
    blocks = re.findall(r"```(yaml|csv)\n(.*?)```", document, re.DOTALL)
    hosts = {form: parse(text.encode(), f".{form}", "/") for form, text in blocks}
    assert {form: [host.name for host in found] for form, found in hosts.items()} == {
        "yaml": ["cp1", "lb1"],
        "csv": ["cp1", "lb1"],
    }
    table = document.partition("| --- |")[2]
    assert set(Host.__struct_fields__) == set(
        re.findall(r"`([a-z0-9_]+)`", "".join(re.findall(r"^\|[^|]*\|", table, re.M)))
    )
