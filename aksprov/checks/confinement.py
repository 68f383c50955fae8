"""What SELinux or AppArmor keeps HAProxy and keepalived from doing.  Pure.

Sources: haproxy_selinux(8) and keepalived_selinux(8) for the domains and the boolean, apparmor.d(5) for local
additions to a profile, and the kernel's audit messages of types AVC and 1400.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from aksprov.checks.compile import Answers, Question
from aksprov.checks.verdict import Probe, Verdict, failed, passed, warning
from aksprov.model.base import Value

# A denial that goes on is repeated by the checks, once in one or two seconds; an old one may have been cured.
RECENT_SECONDS: Final = 600
_STAMP: Final = re.compile(r"audit\((\d+)\.\d+:\d+\)")
_AVC: Final = re.compile(r"avc: +denied +\{ ([^}]+) \} .*\bscontext=\S+?:(haproxy_t|keepalived_t):.*")
_FIELD: Final = re.compile(r'\b(\w+)=(?:"([^"]*)"|(\S+))')
_BOOLEAN: Final = "haproxy_connect_any"
_ALLOW_PORTS: Final = f"setsebool -P {_BOOLEAN} on"


class Denial(Value, frozen=True, kw_only=True):
    """Something that was refused, or only noted.

    Args:
        what: in words, for people.
        cure: what allows it.
        enforced: False where the policy is only watched.
    """

    what: str
    cure: str
    enforced: bool


def confinement_probe() -> Probe:
    """For load balancers: whether the security modules let their programs work."""
    question = Question(kind="confinement")

    def judge(answers: Answers) -> Verdict:
        lines = answers.get(question, ())
        found = denials(lines)
        if found:
            refused = [d for d in found if d.enforced] or found
            details = "; ".join(dict.fromkeys(d.what for d in refused))
            cure = "; ".join(dict.fromkeys(d.cure for d in refused))
            return failed(details, cure) if refused[0].enforced else warning(f"would be refused: {details}", cure)
        if "enforce 1" in lines and f"boolean {_BOOLEAN} 0" in lines:
            return warning(
                f"SELinux is enforcing and {_BOOLEAN} is off, with which HAProxy is kept from most ports",
                f"{_ALLOW_PORTS}, unless port 6443 was allowed in another way",
            )
        on = [name for name, mark in (("SELinux", "enforce 1"), ("AppArmor", "apparmor")) if mark in lines]
        return passed(f"{' and '.join(on)} refused nothing lately" if on else "neither SELinux nor AppArmor is on")

    return Probe("Confinement", "Host", (question,), judge)


def denials(lines: Iterable[str]) -> tuple[Denial, ...]:
    """The recent denials among the lines of ``ask_confinement``, each once."""
    now, found = 0, []
    for line in lines:
        stamp = _STAMP.search(line)
        if line.startswith("now "):
            now = int(line[4:])
        elif stamp and now - int(stamp[1]) <= RECENT_SECONDS:
            found += _selinux(line) + _apparmor(line)
    return tuple(dict.fromkeys(found))


def _fields(line: str) -> dict[str, str]:
    return {name: quoted or bare for name, quoted, bare in _FIELD.findall(line)}


def _selinux(line: str) -> list[Denial]:
    match = _AVC.search(line)
    if not match:
        return []
    access, domain, said = match[1], match[2], _fields(line)
    what = f"SELinux denies {said.get('comm', domain)} ({domain}) {access}"
    enforced = said.get("permissive", "0") == "0"
    if access in ("name_bind", "name_connect"):
        port = said.get("src") or said.get("dest", "")
        return [Denial(what=f"{what} on port {port}", cure=_ALLOW_PORTS, enforced=enforced)]
    if said.get("tclass") == "file":
        place = said.get("path") or said.get("name", "a file")
        cure = "restorecon -Rv /etc/haproxy /etc/keepalived"
        if domain == "keepalived_t":
            # the domain for checks that do more than the policy knows of
            cure = (
                "semanage fcontext -a -t keepalived_unconfined_script_exec_t '/etc/keepalived/aksprov-check-.*' && "
                "restorecon -Rv /etc/keepalived"
            )
        return [Denial(what=f"{what} on {place}", cure=cure, enforced=enforced)]
    cure = "read what ausearch -m avc -ts recent | audit2allow would allow, and allow it"
    return [Denial(what=f"{what} ({said.get('tclass', 'unknown class')})", cure=cure, enforced=enforced)]


def _apparmor(line: str) -> list[Denial]:
    said = _fields(line)
    if said.get("apparmor") not in ("DENIED", "ALLOWED"):
        return []
    profile, name = said.get("profile", ""), said.get("name") or said.get("capname", "")
    file = profile.strip("/").replace("/", ".")
    return [
        Denial(
            what=f"AppArmor's profile {profile} denies {said.get('operation', '')} of {name}",
            cure=f"allow {name} ({said.get('denied_mask') or 'capability'}) in /etc/apparmor.d/local/{file}, then "
            f"apparmor_parser -r /etc/apparmor.d/{file}",
            enforced=said["apparmor"] == "DENIED",
        )
    ]
