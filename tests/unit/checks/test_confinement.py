"""SELinux and AppArmor, from audit messages as kernels write them; the hosts of our tests have neither."""

from __future__ import annotations

import pytest

from aksprov.checks.compile import Question
from aksprov.checks.confinement import confinement_probe

STAMP, NOW = "1750684931.412:1187", "now 1750684940"
SELINUX = ("enforce 1", "boolean haproxy_connect_any 0", NOW)
BIND = (
    f"type=AVC msg=audit({STAMP}): avc:  denied  {{ name_bind }} for  pid=6683 "
    'comm="haproxy" src=6443 scontext=system_u:system_r:haproxy_t:s0 '
    "tcontext=system_u:object_r:unreserved_port_t:s0 tclass=tcp_socket permissive=0"
)
CONNECT = (
    f"audit: type=1400 audit({STAMP}): avc:  denied  {{ name_connect }} for  pid=6684 "
    'comm="haproxy" dest=6443 scontext=system_u:system_r:haproxy_t:s0 '
    "tcontext=system_u:object_r:unreserved_port_t:s0 tclass=tcp_socket permissive=0"
)
SCRIPT = (
    f"type=AVC msg=audit({STAMP}): avc:  denied  {{ execute }} for  pid=86851 "
    'comm="aksprov-check-d" name="ss" dev="dm-0" ino=100718607 scontext=system_u:system_r:keepalived_t:s0 '
    "tcontext=system_u:object_r:ifconfig_exec_t:s0 tclass=file permissive=0"
)
APPARMOR = (
    f'audit: type=1400 audit({STAMP}): apparmor="DENIED" operation="open" class="file" '
    'profile="/usr/sbin/haproxy" name="/etc/haproxy/aksprov/demo-ca.crt" pid=99 comm="haproxy" '
    'requested_mask="r" denied_mask="r" fsuid=0 ouid=0'
)


def judged(*lines: str) -> tuple[str, str, str]:
    verdict = confinement_probe().judge({Question(kind="confinement"): lines})
    return verdict.result, verdict.details, verdict.recommendation


@pytest.mark.parametrize(
    ("lines", "result", "details", "cure"),
    [
        ((), "Passed", "neither SELinux nor AppArmor", ""),
        (("enforce 1", "boolean haproxy_connect_any 1", NOW), "Passed", "SELinux refused nothing", ""),
        (("apparmor", NOW), "Passed", "AppArmor refused nothing", ""),
        (("enforce 0", "boolean haproxy_connect_any 0", NOW), "Passed", "", ""),
        (SELINUX, "Warning", "haproxy_connect_any is off", "setsebool -P haproxy_connect_any on"),
        (
            (*SELINUX, BIND),
            "Failed",
            "haproxy (haproxy_t) name_bind on port 6443",
            "setsebool -P haproxy_connect_any on",
        ),
        ((*SELINUX, CONNECT), "Failed", "name_connect on port 6443", "setsebool -P haproxy_connect_any on"),
        ((*SELINUX, SCRIPT), "Failed", "(keepalived_t) execute on ss", "keepalived_unconfined_script_exec_t"),
        ((*SELINUX, BIND.replace("permissive=0", "permissive=1")), "Warning", "would be refused", "setsebool"),
        (
            ("apparmor", NOW, APPARMOR),
            "Failed",
            "/usr/sbin/haproxy denies open of /etc/haproxy/aksprov/demo-ca.crt",
            "/etc/apparmor.d/local/usr.sbin.haproxy, then apparmor_parser -r /etc/apparmor.d/usr.sbin.haproxy",
        ),
        (("apparmor", "now 1750685932", APPARMOR), "Passed", "AppArmor refused nothing lately", ""),
        (("apparmor", NOW, APPARMOR.replace("DENIED", "STATUS")), "Passed", "", ""),
    ],
)
def test_each_denial_is_named_with_what_allows_it(lines: tuple[str, ...], result: str, details: str, cure: str) -> None:
    said = judged(*lines)
    assert said[0] == result and details in said[1] and cure in said[2]


def test_what_is_denied_again_and_again_is_said_once() -> None:
    assert judged(*SELINUX, BIND, BIND.replace("6683", "6700"))[1].count("name_bind") == 1
