"""Everything that a hosts file can get wrong: the code, and the words that must be in the message."""

from __future__ import annotations

import pytest

from aksprov.errors import DefinitionError
from aksprov.inventory.hosts_file import parse

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1mDfPOPXp1zDRP1lpRz0eXgWOLyCWZ1mG1d6Z2yqg6"


def entry(**changed: str | None) -> str:
    """A YAML file with one good host, in which some lines are changed or left out."""
    lines = {"name": "web1", "address": "10.0.0.11", "os": "linux"} | changed
    return "hosts:\n-\n" + "".join(f"  {key}: {text}\n" for key, text in lines.items() if text is not None)


FORMAT, ENCODING, SYNTAX, INVALID = "HostsFileFormat", "HostsFileEncoding", "HostsFileSyntax", "HostsFileInvalid"

# What is wrong with the file -> (file, suffix, code, words of the message)
FILES: dict[str, tuple[str | bytes, str, str, tuple[str, ...]]] = {
    # the file as a whole
    "unknown form": ("", ".ini", FORMAT, (".ini", ".yaml", ".csv")),
    "no suffix": ("", "", FORMAT, ("no end",)),
    "empty": ("", ".yaml", INVALID, ("line 1, column 1", "empty")),
    "only a comment": ("# later\n", ".yaml", INVALID, ("empty",)),
    "empty CSV": ("\r\n;;\r\n", ".csv", INVALID, ("empty",)),
    "a bare list": ("- name: a\n", ".yaml", INVALID, ("must begin with the key hosts",)),
    "a bare text": ("hosts", ".yaml", INVALID, ("must begin with the key hosts",)),
    "another top key": ("host: []\n", ".yaml", INVALID, ("host: there is no such key", "did you mean hosts?")),
    "hosts twice": ("hosts: []\nhosts: []\n", ".yaml", INVALID, ("line 2, column 1", "first on line 1")),
    "hosts no list": ("hosts: {a: b}\n", ".yaml", INVALID, ("hosts: takes a list",)),
    "a host that is a text": ("hosts: [web1]\n", ".yaml", INVALID, ("line 1, column 9", "not a host")),
    # encodings
    "UTF-16 with mark": ("name;address".encode("utf-16"), ".csv", ENCODING, ("line 1, column 1", "UTF-16")),
    "UTF-16 without": ("name;address".encode("utf-16-le"), ".csv", ENCODING, ("UTF-16", "UTF-8")),
    "UTF-16 that is no UTF-8": ("nämé;address;os;user".encode("utf-16-be"), ".csv", ENCODING, ("UTF-16",)),
    "UTF-32": ("name".encode("utf-32"), ".csv", ENCODING, ("UTF-32",)),
    "Latin-1": ("name;user\r\na;köln".encode("latin-1"), ".csv", ENCODING, ("line 2, column 4", "'ö'", "1252")),
    "Latin-1 after a mark": (b"\xef\xbb\xbfname\nab\xe9", ".csv", ENCODING, ("line 2, column 3", "0xE9")),
    "a control character": ("hosts:\n- a: b\x1b[0m", ".yaml", ENCODING, ("line 2, column 7", "U+001B")),
    # YAML
    "a tab as indent": ("hosts:\n\t- a\n", ".yaml", SYNTAX, ("line 2, column 1", "\\t")),
    "an open list": ("hosts: [", ".yaml", SYNTAX, ("not YAML",)),
    "two values": ("hosts: a: b", ".yaml", SYNTAX, ("line 1, column 9",)),
    "two documents": ("hosts: []\n---\nhosts: []\n", ".yaml", SYNTAX, ("line 2, column 1", "second document")),
    "a tag": ("hosts: !!python/name:os.system []\n", ".yaml", SYNTAX, ("line 1, column 8", "tags")),
    "a tag on a text": (entry(port="!!int 22"), ".yaml", SYNTAX, ("tags", "as written")),
    "a merge key": ("a: &a {os: linux}\nhosts:\n- <<: *a\n", ".yaml", SYNTAX, ("line 3, column 3", "<<")),
    "an unknown alias": ("hosts: [*none]\n", ".yaml", SYNTAX, ("*none",)),
    "an alias of itself": ("hosts: &a [*a]\n", ".yaml", SYNTAX, ("*a",)),
    "a key that is a list": ("? [a]\n: b\n", ".yaml", SYNTAX, ("a key must be a text",)),
    "a thousand brackets": ("[" * 1000, ".yaml", SYNTAX, ("nested more than 16 deep",)),
    "a huge escape": ('hosts: ["\\UFFFFFFFF"]', ".yaml", SYNTAX, ("not YAML",)),
    # JSON
    "a trailing comma": ('{"hosts": [],}', ".json", SYNTAX, ("line 1, column 1", "not JSON")),
    "NaN": ('{"hosts": [\n NaN]}', ".json", SYNTAX, ("line 2, column 2", "NaN")),
    "YAML in JSON": ("hosts: []", ".json", SYNTAX, ("not JSON",)),
    "a hundred thousand brackets": ("[" * 100_000, ".json", SYNTAX, ("nested more than 16 deep",)),
    "a key twice in JSON": (
        '{"hosts": [{"name": "a",\n "address": "::1", "os": "linux",\n "name": "b"}]}',
        ".json",
        INVALID,
        ("line 3, column 2", "name: given twice", "first on line 1, column 13"),
    ),
    "1e2 as a port": (
        '{"hosts": [{"name": "a", "address": "::1", "os": "linux", "port": 1e2}]}',
        ".json",
        INVALID,
        ("line 1, column 67", "port", "'1e2'"),
    ),
    # CSV
    "an open quote": ('name,address\n"a,b', ".csv", SYNTAX, ("line 2, column 1", "quote")),
    "text after a quote": ('name,address\n"a"b,c', ".csv", SYNTAX, ("line 2, column 1", "closing quote")),
    "a cell without key": ("name;os\na;linux;x", ".csv", SYNTAX, ("line 2, column 9", "'x'", "no key")),
    "a column twice": (
        "name;address;os;name\na;::1;linux;b",
        ".csv",
        INVALID,
        ("line 1, column 17", "name: given twice", "line 1, column 1"),
    ),
    "an unknown column": (
        "name;address;os;Adress\na;::1;linux;b\nc;::2;linux;d",
        ".csv",
        INVALID,
        ("1 problem", "line 1, column 17", "Adress: there is no such key", "did you mean address?"),
    ),
    "a group as a column": ("name;labels\na;b", ".csv", INVALID, ("line 2, column 3", "labels.site")),
    "a role in a cell": (
        "name;address;os;roles\na;::1;linux;worker|worker|master",
        ".csv",
        INVALID,
        ("line 2, column 13", "worker is there twice", "'master'", "control-plane"),
    ),
    "a decimal comma": ("name;address;os;capacity.memory_gb\na;::1;linux;7,5", ".csv", INVALID, ("'7,5'", "write 7.5")),
    "no name, address, os": ("hosts: [{user: root}]", ".yaml", INVALID, ("name: is missing", "os: is missing")),
    # hosts against each other
    "one name twice": (
        "name;address;os\nweb1;::1;linux\nWEB1;::2;linux",
        ".csv",
        INVALID,
        ("line 3, column 1", "WEB1 is another host's name", "line 2, column 1"),
    ),
    "one connection twice": (
        "name;address;os;port\na;FD00:0::1;linux;\nb;fd00::1;linux;22",
        ".csv",
        INVALID,
        ("line 3, column 1", "another host's connection", "fd00::1 port 22"),
    ),
    "this machine twice": (
        "name;address;os;connection\na;::1;linux;local\nb;::2;linux;local",
        ".csv",
        INVALID,
        ("local is another host's connection",),
    ),
}

# What is wrong with one host's entry -> (YAML file, words of the message)
ENTRIES: dict[str, tuple[str, tuple[str, ...]]] = {
    # keys
    "an unknown key": (entry(key_fil="x"), ("line 6, column 3", "did you mean key_file?")),
    "AksHci's spelling": (entry(keyFile="x"), ("did you mean key_file?",)),
    "nothing like it": (entry(zzz="x"), ("zzz: there is no such key",)),
    "a key twice": (entry() + "  os: windows\n", ("line 6, column 3", "os: given twice", "line 5, column 3")),
    "a label twice": (entry(labels="{site: a, site: b}"), ("column 21: labels.site: given twice", "column 12")),
    "null as a name": (entry(name="null"), ("name: is missing",)),
    "a list for a text": (entry(user="[root]"), ("line 6, column 9", "takes one value")),
    "a text for a list": (entry(roles="worker"), ("roles: takes a list",)),
    "an unknown capacity": (entry(capacity="{memory: 4}"), ("capacity.memory", "did you mean memory_gb?")),
    # values
    "an octal port": (entry(port="010"), ("line 6, column 9", "port", "'010'", "leading zeros")),
    "port 0": (entry(port="0"), ("port: '0'", "from 1 to 65535")),
    "port 65536": (entry(port="65536"), ("'65536'", "65535")),
    "a word as a port": (entry(port="ssh"), ("'ssh' is not a whole number",)),
    "a page as a port": (entry(port="9" * 5000), ("longer than 1,024",)),
    "an Arabic port": (entry(port="٢٢"), ("is not a whole number",)),
    "a long port": (entry(port="9" * 500), ("999...", "whole number")),
    "a quote in a name": (entry(name="we'b"), ("name: ", "letters, digits and hyphens")),
    "a command as a name": (entry(name="$(reboot)"), ("$(reboot)", "letters, digits")),
    "a template as a name": (entry(name="'{{x}}'"), ("{{x}}",)),
    "a line break in a name": (entry(name='"a\\nb"'), ("line break",)),
    "a name of Windows": (entry(name="Com1"), ("'Com1'", "Windows")),
    "three numbers": (entry(address="10.0.0"), ("address: '10.0.0' is neither",)),
    "an octal address": (entry(address="10.0.0.011"), ("'10.0.0.011'",)),
    "an address with port": (entry(address="10.0.0.1:22"), ("the port belongs in port",)),
    "an address with user": (entry(address="root@h"), ("the user belongs in user",)),
    "brackets": (entry(address='"[::1]"'), ("without brackets",)),
    "an underscore": (entry(address="my_host.example"), ("neither an IP address nor",)),
    "an umlaut": (entry(address="köln.example"), ("xn--",)),
    "a prefix": (entry(address="10.0.0.0/24"), ("'10.0.0.0/24'",)),
    "everybody": (entry(address="224.0.0.1"), ("not the address of one machine",)),
    "link-local": (entry(address="fe80::1"), ("zone id", "fe80::1%eth0")),
    "a zone of IPv4": (entry(address="10.0.0.1%eth0"), ("zone id",)),
    "os Linux": (entry(os="Linux"), ("os: 'Linux' is not one of", "did you mean linux?")),
    "an empty user": (entry(user='""'), ("user: is empty",)),
    "an option as a user": (entry(user="-oProxyCommand=x"), ("not a user name",)),
    "a fingerprint as a key": (entry(host_key="SHA256:abc"), ("fingerprint", "scan-host-keys")),
    "a known_hosts line": (entry(host_key=f"web1 {KEY}"), ("known_hosts", "leave that out")),
    "a damaged key": (entry(host_key=KEY[:40]), ("not an SSH public key",)),
    "a key of another type": (entry(host_key=KEY.replace("ssh-ed25519", "ssh-rsa")), ("not an SSH public key",)),
    "a short thumbprint": (entry(os="windows", certificate_sha256="ab:cd"), ("64 hexadecimal digits",)),
    "two jumps": (entry(jump_host="a,b"), ("jump_host", "'a,b'")),
    "a jump's port": (entry(jump_host="me@bastion:0"), ("jump_host: '0'",)),
    "a label with a blank": (entry(labels="{site: a b}"), ("labels.site: 'a b'",)),
    "a label's key": (entry(labels="{'a b': c}"), ("line 6, column 12", "a label's key")),
    "cpus 0": (entry(capacity="{cpus: 0}"), ("capacity.cpus: '0'", "from 1")),
    "cpus 1.5": (entry(capacity="{cpus: 1.5}"), ("capacity.cpus: '1.5'", "whole number")),
    "no memory": (entry(capacity="{memory_gb: 0.0}"), ("memory_gb: '0.0'", "positive")),
    "endless memory": (entry(capacity="{memory_gb: .inf}"), ("'.inf'",)),
    "a long interface": (entry(interfaces="{External: abcdefghijklmnop}"), ("interfaces.External", "at most 15")),
    "a path as interface": (entry(interfaces="{External: ../x}"), ("'../x'",)),
    "dots as interface": (entry(interfaces="{External: '..'}"), ("'..'",)),
    "no such day": (entry(maintenance="{reason: x, until: 2026-02-30}"), ("2026-02-30",)),
    "no reason": (entry(maintenance="{until: 2026-02-20}"), ("needs maintenance.reason",)),
    # values against each other
    "psrp to Linux": (entry(connection="psrp"), ("line 6, column 15", "Windows hosts only")),
    "local Windows": (entry(os="windows", connection="local"), ("POSIX shell",)),
    "a port for local": (entry(connection="local", port="22"), ("port: has no meaning",)),
    "a host key for psrp": (entry(os="windows", host_key=KEY), ("host_key", "only with ssh")),
    "a password in clear": (entry(os="windows", auth="basic", port="5985"), ("auth", "HTTPS only", "5985")),
    "a certificate over HTTP": (entry(os="windows", auth="certificate", key_file="a", port="5985"), ("HTTPS only",)),
    "a certificate without its file": (entry(os="windows", auth="certificate"), ("key_file", "needs one")),
    "sudo on Windows": (entry(os="windows", become="sudo"), ("no sudo on Windows",)),
    "a password for no sudo": (entry(become_password_ref="prompt"), ("become_password_ref", "without become: sudo")),
    "a passphrase for no key": (entry(key_passphrase_ref="prompt"), ("key_passphrase_ref", "without key_file")),
    "a Windows control plane": (entry(os="windows", roles="[control-plane]"), ("cannot be a control-plane",)),
}

CASES: dict[str, tuple[str | bytes, str, str, tuple[str, ...]]] = FILES | {
    case: (text, ".yaml", INVALID, words) for case, (text, words) in ENTRIES.items()
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_with_place_and_reason(case: str) -> None:
    """Each has its code, and says where and why."""
    content, suffix, code, words = CASES[case]
    data = content.encode() if isinstance(content, str) else content
    with pytest.raises(DefinitionError) as refused:
        parse(data, suffix, "/etc/aksprov", f"hosts{suffix}")
    error = refused.value
    said = "\n".join((error.what, error.where, error.why, error.fix))
    assert (error.code, [word for word in words if word not in said]) == (code, []), said
    assert all((error.what, error.where, error.why, error.fix)), "each of what, where, why and fix says something"


@pytest.mark.parametrize(
    "field", ["password_ref", "become_password_ref", "key_passphrase_ref", "host_key", "password", "user_password"]
)
def test_a_secret_in_the_wrong_place_is_not_repeated(field: str) -> None:
    """Nothing of the error may hold it: errors are printed and logged."""
    with pytest.raises(DefinitionError) as refused:
        parse(entry(become="sudo", **{field: "hunter2-hunter2"}).encode(), ".yaml", "/")
    assert field in refused.value.why
    assert "hunter2" not in repr(refused.value.to_dict())


def test_all_problems_are_told_in_the_order_of_the_file_and_bounded() -> None:
    """Thirty hosts with two problems each: the first 20, and how many more."""
    rows = "".join(f"bad name {n};10.0.0.{n};beos\n" for n in range(30))
    with pytest.raises(DefinitionError) as refused:
        parse(f"name;address;os\n{rows}".encode(), ".csv", "/", "hosts.csv")
    lines = refused.value.why.splitlines()
    assert "60 problems" in refused.value.what
    assert [line.split(",")[0] for line in lines[:4]] == ["line 2", "line 2", "line 3", "line 3"]
    assert (len(lines), lines[-1]) == (21, "and 40 more")


def test_aliases_of_aliases_are_bounded() -> None:
    """The "billion laughs": 10 levels of 10 aliases would be 10^10 values."""
    laughs = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 11))
    with pytest.raises(DefinitionError, match="cannot be read") as refused:
        parse(laughs.encode(), ".yaml", "/")
    assert "aliases unfold to more than" in refused.value.why
