"""What files for the kernel ask for: sysctl.d(5) and modules-load.d(5).  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aksprov.model.base import Value


class Setting(Value, frozen=True, kw_only=True):
    """A line of sysctl.d(5).

    Args:
        key: as written, e.g. "net.ipv4.ip_forward".
        value: its words, one blank apart.
        optional: a leading hyphen excuses a kernel without the key.
    """

    key: str
    value: str
    optional: bool = False


def settings(text: str) -> Iterator[Setting]:
    """The settings of one file, in order; a line without a value sets nothing."""
    for line in _lines(text):
        key, equals, value = line.partition("=")
        if equals:
            bare = key.strip().removeprefix("-").strip()
            yield Setting(key=bare, value=" ".join(value.split()), optional=key.strip().startswith("-"))


def modules(text: str) -> Iterator[str]:
    """Names of modules of one file, as the kernel writes them: with underscores."""
    return (line.replace("-", "_") for line in _lines(text))


def sysctl_path(key: str) -> str:
    """Where a key is under /proc/sys, which its first separator decides: what "." and "/" mean (sysctl.d(5))."""
    first = next((c for c in key if c in "./"), "/")
    return key.translate(str.maketrans("./", "/.")) if first == "." else key


def _lines(text: str) -> Iterable[str]:
    """Lines that are neither empty nor remarks."""
    return (line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] not in "#;")


def overridden(wanted: Iterable[Setting], lines: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Settings that another file takes back at every boot.

    Of files with one name the folder that comes first has its way, and of all files the last one by name
    (sysctl.d(5)).  Keys with a pattern in them are not looked at.

    Args:
        lines: "FILE:" for every file in the folders of sysctl.d, first the folder that counts, and after it "FILE:LINE"
            for each of its lines.

    Returns:
        key -> the file that wins, and the value that it sets.
    """
    texts: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        path, _, said = line.partition(":")
        found = texts.setdefault(path.rpartition("/")[2], [(path, "")])
        if found[0][0] == path:
            found.append((path, said))
    last: dict[str, tuple[str, str]] = {}
    for _, said_by in sorted(texts.items()):
        for path, said in said_by:
            last |= {sysctl_path(s.key): (path, s.value) for s in settings(said)}
    return {s.key: winner for s in wanted if (winner := last.get(sysctl_path(s.key), ("", s.value)))[1] != s.value}
