"""What SELinux or AppArmor keeps HAProxy and keepalived from doing.  Pure.

Sources: haproxy_selinux(8) and keepalived_selinux(8) for the domains and the booleans, apparmor.d(5) for local
additions to a profile, and messages that were recorded elsewhere (tests/unit/checks/recorded/denials.txt).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from aksprov.checks.compile import Answers, Question
from aksprov.checks.verdict import Probe, Verdict, failed, passed, warning
from aksprov.model.base import Value
from aksprov.model.programs import LOAD_BALANCER_PROGRAMS

# A denial that goes on is repeated by the checks, once in one or two seconds; an old one may have been cured.
RECENT_SECONDS: Final = 600
# The message's own time, or the journal's where journald has read it itself: then it has none.
_STAMP: Final = re.compile(r"(?:^|audit\()(\d+)\.\d+")
_AVC: Final = re.compile(r"avc: +denied +\{ ([^}]+) \} .*\bscontext=\S+?:(haproxy_t|keepalived_t):.*")
_FIELD: Final = re.compile(r'\b(\w+)=(?:"([^"]*)"|(\S+))')
_BOOLEANS: Final = {"haproxy_t": "haproxy_connect_any", "keepalived_t": "keepalived_connect_any"}
# the domain for checks that do more than the policy knows of
_ALLOW_CHECK: Final = (
    "semanage fcontext -a -t keepalived_unconfined_script_exec_t '/etc/keepalived/aksprov-check-.*' && "
    "restorecon -Rv /etc/keepalived"
)
_ALLOW_OTHER: Final = "read what ausearch -m avc -ts recent | audit2allow would allow, and allow it where it is missed"
# What the kernel asks for beside what a rule of AppArmor has: to create and to delete is to write.
_MASKS: Final = {"c": "w", "d": "w", "x": "ix"}


class Denial(Value, frozen=True, kw_only=True):
    """Something that was refused, or only noted.

    Args:
        what: in words, for people.
        cure: what allows it.
        enforced: False where the policy is only watched.
        minor: nothing that the programs need for their work is known to depend on it.
    """

    what: str
    cure: str
    enforced: bool
    minor: bool = False


def confinement_probe() -> Probe:
    """For load balancers: whether the security modules let their programs work."""
    question = Question(kind="confinement")

    def judge(answers: Answers) -> Verdict:
        lines = answers.get(question, ())
        found = denials(lines)
        harmful = [d for d in found if d.enforced and not d.minor]
        if harmful:
            return failed(_joined(d.what for d in harmful), _joined(d.cure for d in harmful))
        if "enforce 1" in lines and f"boolean {_BOOLEANS['haproxy_t']} 0" in lines:
            return warning(
                f"SELinux is enforcing and {_BOOLEANS['haproxy_t']} is off, with which HAProxy is kept from most ports",
                f"setsebool -P {_BOOLEANS['haproxy_t']} on, unless port 6443 was allowed in another way",
            )
        if found:
            return warning(_joined(d.what for d in found), _joined(d.cure for d in found))
        on = [name for name, mark in (("SELinux", "enforce 1"), ("AppArmor", "apparmor")) if mark in lines]
        return passed(f"{' and '.join(on)} refused nothing lately" if on else "neither SELinux nor AppArmor is on")

    return Probe("Confinement", "Host", (question,), judge)


def _joined(words: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(words))


def denials(lines: Iterable[str]) -> tuple[Denial, ...]:
    """The recent denials among the lines of ``ask_confinement``, each once."""
    now, watched, found = 0, False, []
    for line in lines:
        stamp = _STAMP.search(line)
        if line.startswith("now "):
            now = int(line[4:])
        elif line == "enforce 0":
            watched = True
        elif stamp and now - int(stamp[1]) <= RECENT_SECONDS:
            found += _selinux(line, watched) + _apparmor(line)
    return tuple(dict.fromkeys(found))


def _fields(line: str) -> dict[str, str]:
    return {name: quoted or bare for name, quoted, bare in _FIELD.findall(line)}


def _selinux(line: str, watched: bool) -> list[Denial]:
    match = _AVC.search(line)
    if not match:
        return []
    access, domain, said = match[1], match[2], _fields(line)
    # kernels before 3.17 do not say whether it was permissive
    enforced = said.get("permissive", "1" if watched else "0") == "0"
    program = said.get("comm", domain)
    what = f"SELinux {'denies' if enforced else 'would deny'} {program} ({domain}) {access}"
    if access in ("name_bind", "name_connect"):
        port = said.get("src") or said.get("dest", "")
        return [Denial(what=f"{what} on port {port}", cure=f"setsebool -P {_BOOLEANS[domain]} on", enforced=enforced)]
    kind = said.get("tclass", "unknown class")
    what += f" on {said.get('path') or said.get('name') or 'itself'} ({kind})"
    # What keepalived has begun is our check; it inherits the domain
    if domain == "keepalived_t" and ("execute" in access or not program.startswith("keepalived")):
        return [Denial(what=what, cure=_ALLOW_CHECK, enforced=enforced)]
    if domain == "haproxy_t" and kind in ("file", "sock_file") and said.get("dev") not in ("proc", "sysfs"):
        return [
            Denial(what=what, cure=f"restorecon -Rv /etc/haproxy /run/haproxy, or {_ALLOW_OTHER}", enforced=enforced)
        ]
    return [Denial(what=what, cure=_ALLOW_OTHER, enforced=enforced, minor=True)]


def _apparmor(line: str) -> list[Denial]:
    said = _fields(line)
    # what has begun under a profile is told after its name
    profile, operation = said.get("profile", "").partition("//")[0], said.get("operation", "")
    if said.get("apparmor") not in ("DENIED", "ALLOWED") or profile.rpartition("/")[2] not in LOAD_BALANCER_PROGRAMS:
        return []
    # a profile without a path is in a file of its program's path all the same
    file = (profile if "/" in profile else f"/usr/sbin/{profile}").strip("/").replace("/", ".")
    # what is only watched is refused all the same where the kernel cannot name the path
    enforced = said["apparmor"] == "DENIED" or "error" in said
    what = f"AppArmor's profile {profile} {'denies' if enforced else 'would deny'} {operation} of {_object(said)}"
    where, reload = f"/etc/apparmor.d/local/{file}", f"apparmor_parser -r /etc/apparmor.d/{file}"
    cure = f"put the line '{_rule(said)}' into {where}, then {reload}"
    if "disconnected path" in line:
        cure = f"give the profile flags=(attach_disconnected) in /etc/apparmor.d/{file}, then {reload}"
    return [Denial(what=what, cure=cure, enforced=enforced)]


def _object(said: dict[str, str]) -> str:
    socket = " ".join(said[key] for key in ("family", "sock_type") if key in said)
    return said.get("name") or said.get("capname") or socket or "something"


def _rule(said: dict[str, str]) -> str:
    """The rule that allows what a message of AppArmor says was denied (apparmor.d(5))."""
    if "capname" in said:
        return f"capability {said['capname']},"
    if "family" in said:
        return f"network {_object(said)},"
    mask = said.get("denied_mask", "").partition(":")[0]
    return f"{_object(said)} {''.join(dict.fromkeys(_MASKS.get(c, c) for c in mask))},"
