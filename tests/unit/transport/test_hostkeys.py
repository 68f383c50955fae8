"""Which keys count: the pinned one, else what known_hosts files say, as ssh reads them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import asyncssh
import pytest

from aksprov.errors import HostError
from aksprov.model.host import Host
from aksprov.transport.hostkeys import KnownHosts

KEYS = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(4)]
A, B, C, D = (key.export_public_key("openssh").decode().strip() for key in KEYS)
HOST = Host(name="h1", address="h1.example", os="linux")


def hashed(name: str) -> str:
    salt = b"0123456789abcdefghij"
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def trusted(directory: Path, text: str, host: Host = HOST, port: int = 22) -> tuple[list[str], list[str], list[str]]:
    path = directory / "known_hosts"
    path.write_text(text)
    found = KnownHosts([directory / "none", path]).trusted(host, "10.0.0.5", port)
    return tuple(  # type: ignore[return-value]
        [" ".join(key.export_public_key("openssh").decode().split()[:2]) for key in kind]
        for kind in (found.keys, found.authorities, found.revoked)
    )


@pytest.mark.parametrize(
    ("text", "port", "keys", "authorities", "revoked"),
    [
        (f"h1.example {A}\n", 22, [A], [], []),
        (f"other,10.0.0.5 {A}\n", 22, [A], [], []),
        (f"h1.example {A}\nh1.example {B}\n", 22, [A, B], [], []),
        (f"other {A}\n", 22, [], [], []),
        (f"{hashed('h1.example')} {A}\n", 22, [A], [], []),
        (f"[h1.example]:2222 {A}\nh1.example {B}\n", 2222, [A], [], []),
        (f"[h1.example]:2222 {A}\n", 22, [], [], []),
        (f"*.example {A}\n", 22, [A], [], []),
        (f"*.example,!h1.example {A}\n", 22, [], [], []),
        (f"@cert-authority *.example {A}\n", 22, [], [A], []),
        (f"@revoked * {A}\nh1.example {A}\n", 22, [A], [], [A]),
        (f"# text\n\nh1.example no-key\n|1|broken|x {B}\nh1.example\n@odd x y\nh1.example {A} me\n", 22, [A], [], []),
        ("\0\x01\xff not text at all\n", 22, [], [], []),
    ],
    # the keys are new in each process, and processes that share the work must agree on the tests' names
    ids=[
        "name", "names", "two-keys", "other-name", "hashed", "port", "other-port", "pattern", "not-this-name",
        "authority", "revoked", "broken-lines", "no-text",
    ],
)  # fmt: skip
def test_known_hosts_is_read_as_ssh_reads_it(
    tmp_path: Path, text: str, port: int, keys: list[str], authorities: list[str], revoked: list[str]
) -> None:
    assert trusted(tmp_path, text, port=port) == (keys, authorities, revoked)


def test_a_pinned_key_counts_alone(tmp_path: Path) -> None:
    pinned = Host(name="h1", address="h1.example", os="linux", host_key=C)
    assert trusted(tmp_path, f"h1.example {A}\n", pinned) == ([C], [], [])


def test_hosts_with_one_address_behind_two_bastions_have_each_its_own_pin(tmp_path: Path) -> None:
    """known_hosts has both keys under the one address; the pins tell the hosts apart."""
    both = f"192.168.1.11 {A}\n192.168.1.11 {B}\n"
    shops = [
        Host(name=name, address="192.168.1.11", os="linux", jump_host=f"{name}.example", host_key=pin)
        for name, pin in (("shop17", A), ("shop18", B))
    ]
    assert [trusted(tmp_path, both, host) for host in shops] == [([A], [], []), ([B], [], [])]


def test_a_pin_that_is_no_key_is_refused(tmp_path: Path) -> None:
    pinned = Host(name="h1", address="h1.example", os="linux", host_key="ssh-ed25519 AAAA")
    with pytest.raises(HostError) as raised:
        trusted(tmp_path, "", pinned)
    assert raised.value.code == "HostKeyPinInvalid"
