"""Build, once, the Debian root directory that every host of a release shares read-only.

A root's name has a hash of everything that shapes it, so an edit of PACKAGES or customise() makes a new one and
leaves the old one to be deleted by hand.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import inspect
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

from minilab.spec import LabError

SUITES = ("bookworm", "trixie")  # Debian 12 and 13
# Lean on purpose: no socat, curl, openssl or python3 (and no ca-certificates, which brings openssl), so that a script
# which needs one of them on a host fails here too.  No libpam-systemd: with it each ssh login as root would start a
# whole `systemd --user` manager, which is most of the cost of a login.
PACKAGES = """systemd systemd-sysv dbus openssh-server haproxy keepalived iproute2 iptables nftables ipset conntrack
procps iputils-ping sudo kmod less""".split()
# What a bare host lacks of them: all that somebody has to install before it can be a node or a load balancer.
NOT_BARE = frozenset("haproxy keepalived iptables nftables ipset conntrack".split())
# Jobs that reach for the network or have no hardware to look after here; without them
# a host boots with a quarter less CPU time, and boot time is all CPU time.
MASKED = """apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
e2scrub_reap.service fstrim.timer console-getty.service systemd-sysusers.service
systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-remount-fs.service
systemd-tmpfiles-setup-dev.service systemd-pstore.service dev-hugepages.mount
sys-fs-fuse-connections.mount modprobe@configfs.service modprobe@drm.service
modprobe@efi_pstore.service modprobe@fuse.service""".split()


def default_cache() -> Path:
    """AKSPROV_LAB_CACHE, else the user's cache directory (XDG base directories)."""
    own = os.environ.get("AKSPROV_LAB_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aksprov-lab"


def mirrors(suite: str) -> list[str]:
    """Sources of ``suite`` at the mirrors that this machine's apt uses, so that its proxy or local mirror is used.

    Empty where apt's sources have no Debian: then mmdebstrap's own default holds.
    """
    if not shutil.which("apt-get"):
        return []
    query = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(ORIGIN)", "Created-By: Packages"]
    found: dict[str, str] = {}
    for line in subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines():
        uri, release, origin = [*line.split(None, 2), "", "", ""][:3]
        if origin == "Debian":
            kind = f"{suite}-security" if release.endswith("-security") else suite
            found.setdefault(kind, f"deb {uri} {kind} main")
    return [found[kind] for kind in (suite, f"{suite}-security") if kind in found]


def customise(root: Path) -> None:
    """Everything that differs from a plain `apt-get install`, written from outside."""

    def put(path: str, text: str, mode: int = 0o644) -> None:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    for unit in MASKED:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    # logind (8 MiB per host) starts when something asks for it, e.g. `systemctl reboot`.
    # Not masked: a masked logind makes `systemctl reboot` print errors.
    (root / "usr/lib/systemd/system/multi-user.target.wants/systemd-logind.service").unlink(missing_ok=True)
    # journald reserves 8 MiB per file by default, which on tmpfs is memory: shrink it.
    put(
        "etc/systemd/journald.conf.d/lab.conf",
        "[Journal]\nStorage=persistent\nSystemMaxUse=8M\nSystemMaxFileSize=1M\n"
        "RuntimeMaxUse=4M\nRuntimeMaxFileSize=1M\nRateLimitIntervalSec=0\n",
    )
    put(
        "etc/systemd/system.conf.d/lab.conf",
        "[Manager]\nDefaultTimeoutStopSec=10s\nDefaultTimeoutStartSec=60s\n",
    )
    # One host key type (each host gets its own pair); everything else of sshd is as Debian has it.
    put("etc/ssh/sshd_config.d/lab.conf", "HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\n")
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    # A second login, `ops`, for tools that do not log in as root.
    subprocess.run(["chroot", str(root), "useradd", "-m", "-s", "/bin/bash", "-G", "sudo", "ops"], check=True)
    put("etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD:ALL\n", 0o440)
    put("etc/machine-id", "")  # each host has its own
    dbus_id = root / "var/lib/dbus/machine-id"
    dbus_id.unlink(missing_ok=True)
    dbus_id.symlink_to("/etc/machine-id")
    put("etc/resolv.conf", "# no DNS in the lab; names come from /etc/hosts\n")
    (root / "etc/hostname").unlink(missing_ok=True)


def ensure(suite: str, extra: Collection[str] = (), cache: Path | None = None, *, bare: bool = False) -> Path:
    """The root directory, built where it is not there yet (30 s with mmdebstrap, 75 s with debootstrap).

    Args:
        extra: more Debian packages, e.g. "containerd"; each set has a root of its own.
        bare: without HAProxy, keepalived and all that a node needs.

    Raises:
        LabError: the build failed; the end of its log is in the text.
    """
    if suite not in SUITES:
        raise ValueError(f"no such suite: {suite!r}, one of {', '.join(SUITES)}")
    base = [name for name in PACKAGES if not bare or name not in NOT_BARE]
    packages = base + sorted(set(extra) - set(base))
    shape = repr((suite, packages, MASKED)) + inspect.getsource(customise)
    cache = cache or default_cache()
    cache.mkdir(parents=True, exist_ok=True)
    final = cache / f"{suite}-{hashlib.sha256(shape.encode()).hexdigest()[:12]}"
    with open(cache / "lock", "w") as lock:  # of two sessions one builds and one waits
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not final.is_dir():
            _build(suite, packages, final)
    return final


def _build(suite: str, packages: list[str], final: Path) -> None:
    """Debootstrap next to ``final``, then rename: a root is whole or not there."""
    began = time.monotonic()
    partial = final.with_name(f"{final.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    log = final.with_name("build.log")
    with open(log, "wb") as out:
        # in its own mount namespace: a failed build can leave no /proc mount behind
        wrap = ["unshare", "--mount", "--propagation", "private", "nice", "-n", "10"]
        command = [*wrap, *_bootstrap(suite, packages, partial)]
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False).returncode
    if status:
        with contextlib.suppress(OSError):
            shutil.rmtree(partial)
        tail = log.read_text(errors="replace")[-2000:]
        raise LabError(f"building the lab's Debian root failed ({status}):\n{tail}")
    customise(partial)
    partial.rename(final)
    print(f"minilab: built {final} in {time.monotonic() - began:.0f} s", file=sys.stderr)


def _bootstrap(suite: str, packages: list[str], target: Path) -> list[str]:
    include = "--include=" + ",".join(packages)
    sources = mirrors(suite)
    if shutil.which("mmdebstrap"):  # half the time of debootstrap
        options = ["--quiet", "--mode=root", "--variant=minbase", include]
        options += ['--aptopt=Apt::Install-Recommends "false"', "--dpkgopt=force-unsafe-io"]
        options += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
        return ["mmdebstrap", *options, suite, str(target), *sources]
    if shutil.which("debootstrap"):
        return ["debootstrap", "--variant=minbase", include, suite, str(target), *[s.split()[1] for s in sources[:1]]]
    raise LabError("no mmdebstrap (apt-get install mmdebstrap)")
