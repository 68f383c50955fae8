"""Why our script never started on a host, from what a shell, PAM or sudo said instead (in English: LC_ALL is C)."""

from __future__ import annotations

import re

from aksprov.errors import HostAuthError, HostError
from aksprov.transport.passwords import Password

# (pattern, code, what, what to do) of a login that sudo or PAM ended; the first that fits counts.
_SUDO: tuple[tuple[str, str, str, str], ...] = (
    (
        r"[Pp]assword is expired|account is expired|Account or password is expired",
        "HostPasswordExpired",
        "the password of the user on {host} has expired",
        "renew it on the host (passwd USER, or chage -M -1 USER)",
    ),
    (
        r"must have a tty",
        "HostSudoRefused",
        "sudo on {host} wants a terminal, which programs do not have",
        "take requiretty away for this user: 'Defaults:USER !requiretty' in /etc/sudoers.d/aksprov",
    ),
    (
        r"not in the sudoers|not allowed to (?:execute|run)|may not run sudo",
        "HostSudoRefused",
        "sudo on {host} does not allow this user to become root",
        "allow it: 'USER ALL=(ALL) ALL' in /etc/sudoers.d/aksprov, or name another user",
    ),
    (
        r"incorrect password|[Ss]orry, try again|no password was provided|Authentication fail",
        "HostSudoPasswordRefused",
        "sudo on {host} refuses the password",
        "correct what become_password_ref leads to; it was tried once and will not be tried again by this run",
    ),
    (
        r"password is required",
        "HostSudoRefused",
        "sudo on {host} wants a password",
        "give become_password_ref (env:NAME, file:PATH, keyring:SERVICE/USER, prompt) with set-host,"
        " or allow it without one: 'USER ALL=(ALL) NOPASSWD: ALL' in /etc/sudoers.d/aksprov",
    ),
    (
        r"(?<![^\n])sudo: ",
        "HostSudoRefused",
        "sudo on {host} refuses this user",
        "see that `sudo /bin/sh` works for this user on the host, and `visudo -c` finds nothing",
    ),
)


def diagnosis(host: str, line: str, noise: str, *, sudo: bool, password: Password | None) -> HostError:
    """The error of a host on which something else spoke than our script.

    Args:
        line: the first line that says something, of ``noise``.
        noise: stderr, then stdout.
        sudo: whether the script was to run by sudo.
        password: what sudo may have been answered with.
    """
    if "password has expired" in noise or "Password change required" in noise or "account has expired" in noise:
        return HostAuthError(
            "HostPasswordExpired",
            f"{host} lets this user in only to change an expired password",
            where=host,
            why=line,
            fix="renew the account on the host (chage -M -1 USER, or passwd USER)",
        )
    if re.search(r"sudo.*(not found|No such file)", noise):
        return HostError(
            "HostToolMissing",
            f"{host} has no sudo",
            where=host,
            why=line,
            fix="install sudo on the host, or connect as root with become: none",
        )
    if sudo and password is not None and password.refused_elsewhere:
        return not_tried(host, password)
    for pattern, code, what, fix in _SUDO if sudo else ():
        if found := re.search(f"^.*(?:{pattern}).*$", noise, re.MULTILINE):
            return HostAuthError(code, what.format(host=host), where=host, why=first_line(found[0].encode()), fix=fix)
    return HostError(
        "HostShellBroken",
        f"the login shell on {host} did not start our script",
        where=host,
        why=f"it said: {line}" if line else "it ended without a word",
        fix="make `ssh USER@HOST /bin/sh -c true` work: look at the user's shell, its start files, and ForceCommand",
    )


def not_tried(host: str, password: Password) -> HostAuthError:
    """A password that another host refused before this one had its turn."""
    return HostAuthError(
        "HostPasswordNotTried",
        f"the password for {host} was not tried",
        where=host,
        why=f"{password.refused_elsewhere} refused the same one; tried on every host it could lock the account",
        fix=f"correct the password, or give {password.refused_elsewhere} a reference of its own, then run again",
    )


def first_line(data: bytes) -> str:
    """The first line that says something, printable and at most 200 characters."""
    for line in data.decode("utf-8", "replace").splitlines():
        text = "".join(c if c.isprintable() else " " for c in line).strip()
        if text:
            return text[:200]
    return ""
