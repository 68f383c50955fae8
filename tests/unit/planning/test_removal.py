"""What a removal does on one host, by what is there."""

from __future__ import annotations

import msgspec

from aksprov.model.facts import Facts, FileState, Manifest, ManifestFile, Observed
from aksprov.planning.removal import HOME, ORIGINALS, Leftover, make_removal, plan_removal, read_leftover

CFG, KEEP, CRI = "/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf", "/etc/crictl.yaml"
SYSCTL = "/etc/sysctl.d/99-zz-aksprov-load-balancer.conf"
HOME_THERE = FileState(path=HOME, kind="directory", mode="0700", owner="root:root")


def managed(path: str, cluster: str = "demo") -> ManifestFile:
    return ManifestFile(path=path, sha256="a" * 64, mode="0644", cluster=cluster)


def host(*files: ManifestFile) -> Leftover:
    """A load balancer that had a haproxy.cfg and HAProxy running when it was found."""
    states = {
        f.path: FileState(path=f.path, kind="file", mode="0644", owner="root:root", sha256="b" * 64) for f in files
    }
    seen = Observed(
        host="lb1",
        facts=Facts(),
        manifest=Manifest(state_id="s", epoch=4, bundle="", files=files),
        files={HOME: HOME_THERE, **states},
    )
    first = f"{ORIGINALS}/files{CFG}"
    kept = FileState(path=first, kind="file", mode="0640", owner="root:haproxy", sha256="c" * 64)
    originals = Observed(
        host="lb1", facts=Facts(), files={first: kept, f"{ORIGINALS}/files{KEEP}": FileState(path=KEEP)}
    )
    notes = {
        f"{ORIGINALS}/units": b"haproxy active enabled\nkeepalived inactive disabled\n",
        f"{ORIGINALS}/sysctls": b"net/ipv4/ip_forward 0\n",
        f"{ORIGINALS}/ca": b"ffff demo\n",
    }
    return read_leftover(seen, originals, notes)


def plan_of(left: Leftover) -> dict[str, object]:
    (change,) = plan_removal("remove-cluster", "demo", ("cluster/demo",), (), {"lb1": left}, {"lb1": 1}).hosts
    return {
        "files": {f.path: (f.change, f.mode, f.sha256_before, f.sha256_after) for f in change.files},
        "steps": {s.id: s.title for s in change.steps},
    }


def test_files_go_or_become_what_they_were() -> None:
    """The hash before is what the host shows, not what was once written there."""
    assert plan_of(host(managed(CFG), managed(KEEP)))["files"] == {
        CFG: ("change", "0640", "b" * 64, "c" * 64),
        KEEP: ("remove", "0644", "b" * 64, None),
    }


def test_the_vip_is_given_up_first_and_units_become_what_they_were() -> None:
    steps = plan_of(host(managed(CFG), managed(KEEP), managed(SYSCTL)))["steps"]
    assert isinstance(steps, dict)
    assert list(steps) == ["keepalived", "haproxy", "sysctl", "ca", "manifest"]
    assert steps["keepalived"] == "stop keepalived"
    assert steps["haproxy"] == "restart haproxy, which was found running"
    assert steps["sysctl"] == "put 1 kernel parameters back"


def test_another_clusters_files_stay_and_what_reads_them_is_left_alone() -> None:
    left = host(managed(CFG), managed(KEEP), managed(SYSCTL, "other"), managed("/etc/sysctl.d/b.conf"))
    (change,) = plan_removal("remove-cluster", "demo", (), (), {"lb1": left}, {"lb1": 1}).hosts
    delivery = make_removal("demo", change, left, ("10.0.0.200",), state_id="s", epoch=5)
    assert set(delivery.removes) == {CFG, KEEP, "/etc/sysctl.d/b.conf"}
    assert delivery.steps == ("keepalived", "haproxy")
    assert [f.path for f in delivery.manifest.files] == [SYSCTL]
    assert (delivery.leaving, delivery.vips, delivery.manifest.epoch) == ("demo", ("10.0.0.200",), 5)


def test_a_host_with_nothing_of_the_cluster_is_left_alone_and_a_half_begun_one_is_ended() -> None:
    """Our own folder without a manifest is what a first apply that failed leaves, or a removal that was killed."""
    bare = Leftover(seen=Observed(host="lb1", facts=Facts()))
    other = host(managed(CRI, "other"))
    begun = Leftover(seen=msgspec.structs.replace(bare.seen, files={HOME: HOME_THERE}))
    hosts = {"lb1": bare, "lb2": other, "lb3": begun}
    plan = plan_removal("remove-cluster", "demo", (), (), hosts, dict.fromkeys(hosts, 1))
    assert [(h.name, h.files, [s.id for s in h.steps]) for h in plan.hosts] == [("lb3", (), ["manifest"])]


def test_plain_files_are_of_no_cluster_and_stay_until_the_host_is_purged() -> None:
    left = host(managed(CFG), managed(CRI, ""))
    removes = {}
    for cluster in left.clusters:
        (change,) = plan_removal("remove-host", cluster, (), (), {"lb1": left}, {"lb1": 1}).hosts
        delivery = make_removal(cluster, change, left, (), state_id="s", epoch=5)
        removes[delivery.leaving] = delivery.removes
    assert removes == {"-": (CRI,), "demo": (CFG,)}
