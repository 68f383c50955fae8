"""The jump host in the arguments that Ansible hands to ssh."""

from __future__ import annotations

import shlex
from collections.abc import Iterator


def jump_of(arguments: str) -> str:
    """The host of ``-J`` or ``ProxyJump`` (ssh(1), ssh_config(5)), "" for none; the first one counts, as for ssh.

    Raises:
        ValueError: the way goes by a command or over several hosts, or it cannot be told; fits after a variable's name.
    """
    try:
        words = shlex.split(arguments)
    except ValueError:
        raise ValueError("has a quote that does not end") from None
    for option, value in _options(words):
        if option not in ("proxyjump", "proxycommand"):
            continue
        if value.lower() == "none":
            return ""
        if option == "proxycommand":
            raise ValueError("goes by a ProxyCommand")
        if "," in value:
            raise ValueError("goes over several jump hosts")
        return value.removeprefix("ssh://")
    return ""


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """(option in lower case, value) of what decides the way, in order."""
    rest = iter(words)
    for word in rest:
        flag, value = word[:2], word[2:]
        if flag not in ("-J", "-o"):
            continue
        value = value or next(rest, "")
        if flag == "-J":
            yield "proxyjump", value
            continue
        option, _, setting = value.strip().replace("=", " ", 1).partition(" ")
        yield option.lower(), setting.strip().strip('"')
