"""SELinux and AppArmor, from messages that were recorded where there are such: the hosts of our tests have neither.

recorded/denials.txt has a name, the place where it was published, and a message on each line.  SELinux' are of HAProxy
and keepalived themselves; AppArmor's are of other programs, whose names are replaced here, as none of ours was found.

Seen to fail: with the journal's own time not read the five that journald had from the kernel itself were not seen; with
every denial taken for harm HAProxy's look at /sys, which it does without, was Failed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aksprov.checks.compile import Question
from aksprov.checks.confinement import RECENT_SECONDS, confinement_probe

ENFORCING, WATCHED, APPARMOR = ("enforce 1", "boolean haproxy_connect_any 1"), ("enforce 0",), ("apparmor",)
TIME = 1561035164  # where the recorded line has none that says the year
RECORDED = {
    name: message
    for line in (Path(__file__).parent / "recorded/denials.txt").read_text().splitlines()
    for name, _, message in [line.split("\t")]
}


def told(name: str, program: str = "") -> tuple[str, int]:
    """A recorded message as ask_confinement passes it on, of one of our programs; and when it was logged."""
    stamp = re.search(r"audit\((\d+)", RECORDED[name])
    at = int(stamp[1]) if stamp else TIME
    message = re.sub(r"^(\w{3} [ \d]\d [\d:]{8}|kernel:)(?= )", f"{at}.000000", RECORDED[name])
    if program:
        message = re.sub(r'profile="[^"]*"', f'profile="{program}"', message)
    return message, at


def judged(*lines: str) -> tuple[str, str, str]:
    verdict = confinement_probe().judge({Question(kind="confinement"): lines})
    return verdict.result, verdict.details, verdict.recommendation


@pytest.mark.parametrize(
    ("lines", "result", "details"),
    [
        ((), "Passed", "neither SELinux nor AppArmor"),
        (ENFORCING, "Passed", "SELinux refused nothing"),
        (APPARMOR, "Passed", "AppArmor refused nothing"),
        (("enforce 0", "boolean haproxy_connect_any 0"), "Passed", ""),
        (("enforce 1", "boolean haproxy_connect_any 0"), "Warning", "haproxy_connect_any is off"),
    ],
)
def test_where_nothing_was_denied(lines: tuple[str, ...], result: str, details: str) -> None:
    said = judged(*lines, f"now {TIME}")
    assert said[0] == result and details in said[1]


CHECK = "keepalived_unconfined_script_exec_t '/etc/keepalived/aksprov-check-.*' && restorecon -Rv /etc/keepalived"


@pytest.mark.parametrize(
    ("name", "mode", "result", "details", "cure"),
    [
        ("bind", ENFORCING, "Failed", "denies haproxy (haproxy_t) name_bind on port 5672", "haproxy_connect_any on"),
        ("connect", ENFORCING, "Failed", "denies haproxy (haproxy_t) name_connect on port 5672", "haproxy_connect_any"),
        ("bind", WATCHED, "Warning", "would deny haproxy (haproxy_t) name_bind", "haproxy_connect_any on"),
        ("check", ENFORCING, "Failed", "denies sh (keepalived_t) execute on check_script.sh (file)", CHECK),
        ("check-watched", ENFORCING, "Warning", "would deny ha_check_script (keepalived_t) execute on ping", CHECK),
        ("configuration", ENFORCING, "Failed", "bb/conf (file)", "restorecon -Rv /etc/haproxy"),
        ("sysfs", ENFORCING, "Warning", "denies haproxy (haproxy_t) read on node (dir)", "where it is missed"),
        ("sysctl", WATCHED, "Warning", "would deny keepalived (keepalived_t) open on /proc/sys/", "where it is missed"),
        ("journald-connect", ENFORCING, "Failed", "telnet (keepalived_t) name_connect", "keepalived_connect_any on"),
        ("journald-setattr", ENFORCING, "Warning", "denies keepalived1 (keepalived_t) setattr on 1322.sh", "missed"),
        ("journald-socket", ENFORCING, "Warning", "create on itself (netlink_connector_socket)", "where it is missed"),
    ],
)
def test_what_selinux_denied_is_named_with_what_allows_it(
    name: str, mode: tuple[str, ...], result: str, details: str, cure: str
) -> None:
    message, at = told(name)
    said = judged(*mode, f"now {at + RECENT_SECONDS}", message)
    assert said[0] == result and details in said[1] and cure in said[2]


HAPROXY, KEEPALIVED = "/usr/sbin/haproxy", "/usr/sbin/keepalived"


@pytest.mark.parametrize(
    ("name", "profile", "details", "cure"),
    [
        ("aa-exec", KEEPALIVED, "exec of /usr/sbin/xtables-legacy-multi", "'/usr/sbin/xtables-legacy-multi ix,'"),
        ("aa-exec", f"{KEEPALIVED}//null-/usr/bin/ss", "profile /usr/sbin/keepalived denies", "local/usr.sbin.keepali"),
        (
            "aa-capable",
            "keepalived",
            "capable of net_admin",
            "'capability net_admin,' into /etc/apparmor.d/local/usr.s",
        ),
        ("aa-notify", "haproxy", "sendmsg of systemd/notify", "flags=(attach_disconnected)"),
        ("aa-watched", "haproxy", "denies file_inherit of dev/tty2", "flags=(attach_disconnected)"),
        ("aa-open", HAPROXY, "denies open of /proc/sys/net/ipv4/ip_local_port_range", "_port_range r,'"),
        (
            "aa-create",
            "haproxy",
            "mknod of /run/",
            ".socket w,' into /etc/apparmor.d/local/usr.sbin.haproxy, then appar",
        ),
        ("aa-network", KEEPALIVED, "create of unspec dgram", "'network unspec dgram,'"),
    ],
)
def test_what_apparmor_denied_is_named_with_the_rule_that_allows_it(
    name: str, profile: str, details: str, cure: str
) -> None:
    """What is only watched, too, where the kernel could not name the path: it is refused all the same."""
    message, at = told(name, profile)
    said = judged(*APPARMOR, f"now {at}", message)
    assert said[0] == "Failed" and details in said[1] and cure in said[2]


def test_what_a_profile_that_is_only_watched_would_deny_is_a_warning() -> None:
    message, at = told("aa-open", HAPROXY)
    said = judged(*APPARMOR, f"now {at}", message.replace("DENIED", "ALLOWED"))
    assert said[0] == "Warning" and "would deny open" in said[1]


@pytest.mark.parametrize("name", ["aa-open", "aa-status"])
def test_other_programs_are_none_of_ours(name: str) -> None:
    message, at = told(name)
    assert judged(*APPARMOR, f"now {at}", message.replace("ip_local", "haproxy"))[0] == "Passed"


def test_what_is_denied_again_and_again_is_said_once_and_what_is_old_not_at_all() -> None:
    message, at = told("bind")
    again = message.replace("13262", "13300")
    assert judged(*ENFORCING, f"now {at}", message, again)[1].count("name_bind") == 1
    assert "name_bind" not in judged(*ENFORCING, f"now {at + RECENT_SECONDS + 1}", message)[1]
