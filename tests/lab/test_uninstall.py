"""Bare hosts that were prepared from package repositories are bare again: remove-cluster, then remove-host --purge.

Seen to fail without each of these of workflows/prepare/scripts:

- installed.sh, ``note_folders``: /etc/cni and /opt/containerd stayed;
- uninstall.sh, what HAProxy writes: /var/lib/haproxy and /run/haproxy stayed;
- uninstall.sh, ``mkdir -m 755 /opt``: dpkg had taken /opt away with the network plugins' package.
"""

from __future__ import annotations

import pytest
from minilab import Host
from test_preparation import NEW, Site, site
from test_removal import SNAPSHOT, difference

__all__ = ["site"]
pytestmark = pytest.mark.slow
# Packages as their manager tells them; its own books, lists and caches are left out.
PACKAGES = r"""
dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n'
apt-mark showhold
find /usr/bin /usr/sbin /usr/lib/systemd /usr/libexec /opt -xdev -printf '%y %m %u:%g %p %l\n' 2>/dev/null || true
"""
BOOKS = (
    " /var/lib/dpkg",
    " /var/lib/apt",
    " /var/lib/ucf",
    " /etc/passwd-",
    " /etc/group-",
    " /etc/shadow-",
    " /etc/gshadow-",
)


def snapshot(host: Host) -> list[str]:
    lines = host.shell(SNAPSHOT + PACKAGES).stdout.splitlines()
    return sorted(
        line for line in lines if not any(book in line for book in (*BOOKS, "systemd-logind", " /run/adduser"))
    )


def test_what_preparations_brought_goes_with_the_host(site: Site) -> None:
    names = ("cp1", "w1", "lb1")
    site.lab["w1"].shell("apt-get -q update && apt-get -q -y install socat")
    found = {name: snapshot(site.lab[name]) for name in names}
    site.make("--package-settings", "@packages.json", check=1)
    assert site.lab["w1"].shell("dpkg-query -W kubelet containerd").stdout
    site.controller.run("remove-cluster", "--name", NEW[2], "--yes")
    for name in names:
        site.controller.run("remove-host", "--name", name, "--purge", "--yes")
    after = {name: difference(found[name], snapshot(site.lab[name])) for name in names}
    assert after == {name: [] for name in names}
