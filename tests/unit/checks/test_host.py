"""The checks of one host, asked of this machine's own shell or of recorded answers."""

from __future__ import annotations

import asyncio
import grp
import pwd
from collections.abc import Callable
from pathlib import Path

import pytest

from aksprov.checks.ask import ask
from aksprov.checks.host import host_probes
from aksprov.facts.kernel_files import Setting, overridden, sysctl_path
from aksprov.model.bundle import Bundle, BundleFile, Reader
from aksprov.model.host import Role
from aksprov.model.row import Row
from aksprov.model.transport import Connection


@pytest.fixture
def rows_here(local_shell: Callable[[str], Connection]) -> Callable[..., dict[str, Row]]:
    """Makes row by name, with this machine as a worker that has some files."""

    def rows(*files: BundleFile) -> dict[str, Row]:
        probes = host_probes("worker", Bundle(host="here", files=files))
        answers = asyncio.run(ask(local_shell("here"), *(q for p in probes for q in p.questions)))
        return {p.test_name: p.row(answers, host="here", cluster="demo") for p in probes}

    return rows


def put(folder: Path, name: str, content: str | None = "text\n", reader: Reader = "data") -> BundleFile:
    """A file that is on this machine as a bundle says."""
    path = folder / name
    path.write_text(content or "")
    path.chmod(0o644)
    owner = f"{pwd.getpwuid(path.stat().st_uid).pw_name}:{grp.getgrgid(path.stat().st_gid).gr_name}"
    return BundleFile(
        path=str(path), content=content, reader=reader, cluster="demo", owner=owner, late="" if content else "ca"
    )


def test_files_as_they_should_be(rows_here: Callable[..., dict[str, Row]], tmp_path: Path) -> None:
    """A file whose content is not known yet counts by its mode and owner."""
    row = rows_here(put(tmp_path, "a"), put(tmp_path, "b", None))["FilesOnHost"]
    assert (row.test_result, row.details) == ("Passed", "2 of 2")


def relink(path: Path) -> None:
    """Put a link to a file with the same content in its place."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def redirect(path: Path) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda p: p.write_text("text \n"), "content"),
        (lambda p: p.chmod(0o4755), "mode 4755, not 0644"),
        (Path.unlink, "missing"),
        (relink, "a link, not a file"),
        (redirect, "a directory, not a file"),
    ],
)
def test_a_changed_file_is_named_with_what_differs(
    change: Callable[[Path], object], difference: str, rows_here: Callable[..., dict[str, Row]], tmp_path: Path
) -> None:
    same, changed = put(tmp_path, "same"), put(tmp_path, "changed")
    change(Path(changed.path))
    row = rows_here(same, changed)["FilesOnHost"]
    assert (row.test_result, row.details) == ("Failed", f"1 of 2; differs: {changed.path} ({difference})")


def test_sysctls_are_read_back(rows_here: Callable[..., dict[str, Row]], tmp_path: Path) -> None:
    """Comments and hyphens of sysctl.d(5) are understood, tabs in a value are blanks, the last value counts."""
    text = "# a comment\n; another\nkernel.ostype=Plan 9\n-kernel.ostype = Linux\nnet.ipv4.nosuch=1\n"
    row = rows_here(put(tmp_path, "s.conf", text, "sysctl"))["Sysctls"]
    assert (row.test_result, row.details) == ("Failed", "1 of 2; net.ipv4.nosuch is not there")
    range_here = " ".join(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    text = f"net.ipv4.ip_local_port_range = {range_here}\nkernel.ostype = Plan 9\n"
    row = rows_here(put(tmp_path, "s.conf", text, "sysctl"))["Sysctls"]
    assert row.details == "1 of 2; kernel.ostype is Linux, not Plan 9"


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.100/rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
    ],
)
def test_dots_and_slashes_of_a_sysctl(key: str, path: str) -> None:
    """The examples of sysctl.d(5)."""
    assert sysctl_path(key) == path


FILES = """\
/etc/sysctl.d/50-early.conf:
/etc/sysctl.d/50-early.conf:net.ipv4.ip_forward=0
/etc/sysctl.d/99-zz-aksprov.conf:
/etc/sysctl.d/99-zz-aksprov.conf:net.ipv4.ip_forward = 1
/etc/sysctl.d/99-zz-aksprov.conf:net.ipv4.conf.all.promote_secondaries = 1
/etc/sysctl.d/zz-masked.conf:
/etc/sysctl.d/zz-other.conf:
/etc/sysctl.d/zz-other.conf:-net/ipv4/conf/all/promote_secondaries=0
/etc/sysctl.d/zz-other.conf:net.ipv4.ip_forward=1
/usr/lib/sysctl.d/zz-masked.conf:
/usr/lib/sysctl.d/zz-masked.conf:net.ipv4.ip_forward=0
/usr/lib/sysctl.d/zz-other.conf:net.ipv4.ip_forward=0
"""


def test_a_file_that_is_read_after_ours_is_named_when_it_sets_another_value() -> None:
    """An earlier one, one that sets the same, and ones that another folder hides do no harm."""
    keys = ("net.ipv4.ip_forward", "net.ipv4.conf.all.promote_secondaries", "net.ipv4.other")
    wanted = [Setting(key=key, value="1") for key in keys]
    assert overridden(wanted, FILES.splitlines()) == {
        "net.ipv4.conf.all.promote_secondaries": ("/etc/sysctl.d/zz-other.conf", "0")
    }


def test_a_module_that_the_kernel_has_not(rows_here: Callable[..., dict[str, Row]], tmp_path: Path) -> None:
    row = rows_here(put(tmp_path, "m.conf", "# ours\nno-such-module\n", "modules"))["KernelModules"]
    assert (row.test_result, row.details) == ("Failed", "not loaded: no_such_module")


def show(load: str, active: str, sub: str, enabled: str) -> tuple[str, ...]:
    """What systemctl show prints for a unit."""
    return (f"LoadState={load}", f"ActiveState={active}", f"SubState={sub}", f"UnitFileState={enabled}")


@pytest.mark.parametrize(
    ("role", "answer", "result", "words"),
    [
        ("load-balancer", show("loaded", "active", "running", "enabled"), "Passed", "active, enabled"),
        ("load-balancer", show("loaded", "active", "running", "disabled"), "Failed", "active (running), disabled"),
        ("load-balancer", show("loaded", "failed", "failed", "enabled"), "Failed", "failed (failed), enabled"),
        ("load-balancer", show("not-found", "inactive", "dead", ""), "Failed", "not-found"),
        ("load-balancer", show("masked", "inactive", "dead", "masked"), "Failed", "masked"),
        ("load-balancer", ("Failed to connect to bus: Host is down",), "Failed", "Failed to connect to bus"),
        ("worker", show("loaded", "active", "running", "enabled"), "Passed", "active, enabled"),
        ("worker", show("loaded", "activating", "auto-restart", "enabled"), "Warning", "activating (auto-restart)"),
        ("worker", show("not-found", "inactive", "dead", ""), "Skipped", "needed when Kubernetes is started"),
    ],
)
def test_a_service_counts_by_role(role: Role, answer: tuple[str, ...], result: str, words: str) -> None:
    """A load balancer's must be active and enabled; a node's may be missing, and rest until Kubernetes is started."""
    probe = host_probes(role, Bundle(host="h", files=()))[-1]
    row = probe.row({probe.questions[0]: answer}, host="h", cluster="demo")
    assert (row.test_name, row.test_result) == ("ServiceActive", result)
    assert words in row.details


def test_programs_count_by_role() -> None:
    """HAProxy and keepalived must be there; what Kubernetes needs may come later."""
    found = {}
    for role in ("load-balancer", "worker"):
        probe = next(p for p in host_probes(role, Bundle(host="h", files=())) if p.test_name == "ProgramsPresent")  # type: ignore[arg-type]
        none = probe.judge({})
        all_there = probe.judge({q: (f"/usr/bin/{q.value}",) for q in probe.questions})
        found[role] = (none.result, none.details.partition(";")[0], all_there.result)
    assert found == {
        "load-balancer": ("Failed", "not installed: haproxy, keepalived", "Passed"),
        "worker": ("Skipped", "not installed: containerd, kubelet, kubeadm", "Passed"),
    }
