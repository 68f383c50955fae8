"""Plans from bundles and observations."""

from __future__ import annotations

import difflib
import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksprov.errors import HostError
from aksprov.model.bundle import Bundle, BundleFile
from aksprov.model.facts import Facts, FileState, Manifest, ManifestFile, Observed, Unit
from aksprov.model.plan import Plan, plan_hash
from aksprov.planning.delivery import make_delivery
from aksprov.planning.owner import check_remains
from aksprov.planning.planner import Target, contents_wanted, make_plan, manifest_after, observed_paths, plan_host

RUNNING = {"haproxy": Unit(active="active", enabled="enabled"), "keepalived": Unit(active="active", enabled="enabled")}

READERS = st.sampled_from(["named", "modules", "sysctl", "systemd", "haproxy", "keepalived", "data"])


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    paths = draw(st.sets(st.from_regex(r"/etc/[a-z]{1,6}(\.d)?/[a-z]{1,8}\.conf", fullmatch=True), max_size=6))
    files = tuple(
        BundleFile(
            path=p,
            content=draw(st.text(st.characters(codec="utf-8"), max_size=40)),
            reader=draw(READERS),
            cluster=draw(st.sampled_from(["demo", "other"])),
            mode=draw(st.sampled_from(["0644", "0600", "0755"])),
        )
        for p in sorted(paths)
    )
    return Bundle(host="h1", files=files)


def target(bundle: Bundle) -> Target:
    return Target(bundle=bundle, wave=1, clusters=("demo", "other"))


def after(bundle: Bundle, before: Observed) -> Observed:
    """What the host shows once the delivery is in place, computed without the planner's comparisons."""
    files = {
        f.path: FileState(path=f.path, kind="file", mode=f.mode, owner=f.owner, sha256=sha(f.content or ""))
        for f in bundle.files
    }
    manifest = manifest_after(target(bundle), before, {}, state_id="s", epoch=1)
    return Observed(host="h1", facts=Facts(units=RUNNING), manifest=manifest, files=files)


@given(bundles(), bundles())
def test_the_plan_after_an_apply_is_empty_whatever_was_there_before(old: Bundle, new: Bundle) -> None:
    empty = Observed(host="h1", facts=Facts(units=RUNNING))
    with_old = after(old, empty)
    assert plan_host("h1", target(old), with_old).empty
    assert plan_host("h1", target(new), after(new, with_old)).empty


@given(bundles(), bundles())
def test_what_is_delivered_is_exactly_what_differs(old: Bundle, new: Bundle) -> None:
    seen = after(old, Observed(host="h1", facts=Facts(units=RUNNING)))
    plan = plan_host("h1", target(new), seen)
    delivery = make_delivery(plan, target(new), seen, {}, state_id="s", epoch=2)
    had = {f.path: (f.content, f.mode) for f in old.files}
    want = {f.path: (f.content, f.mode) for f in new.files}
    assert {f.path for f in delivery.files} == {p for p, v in want.items() if had.get(p) != v}
    assert set(delivery.removes) == had.keys() - want.keys()


def one_file(**changes: str) -> Observed:
    state = FileState(path="/etc/x.conf", kind="file", mode="0644", owner="root:root", sha256=sha("a\n"))
    bundle = Bundle(host="h1", files=(FILE,))
    manifest = manifest_after(target(bundle), Observed(host="h1", facts=Facts()), {}, state_id="s", epoch=1)
    return Observed(
        host="h1",
        facts=Facts(units=RUNNING),
        manifest=manifest,
        files={"/etc/x.conf": msgspec.structs.replace(state, **changes)},
    )


FILE = BundleFile(path="/etc/x.conf", content="a\n", reader="data", cluster="demo")


@pytest.mark.parametrize(
    "edit", [{"sha256": sha("b\n")}, {"mode": "0666"}, {"owner": "haproxy:haproxy"}], ids=["content", "mode", "owner"]
)
def test_an_edited_file_is_put_back(edit: dict[str, str]) -> None:
    plan = plan_host("h1", target(Bundle(host="h1", files=(FILE,))), one_file(**edit))
    assert [(f.path, f.change) for f in plan.files] == [("/etc/x.conf", "change")]
    assert plan_host("h1", target(Bundle(host="h1", files=(FILE,))), one_file()).empty


def test_a_stopped_service_is_started_though_no_file_differs() -> None:
    config = BundleFile(path="/etc/haproxy/haproxy.cfg", content="x\n", reader="haproxy", cluster="demo")
    bundle = Bundle(host="lb1", files=(config,))
    seen = after(bundle, Observed(host="lb1", facts=Facts()))
    stopped = msgspec.structs.replace(
        seen, facts=Facts(units={**RUNNING, "haproxy": Unit(active="inactive", enabled="enabled")})
    )
    assert plan_host("lb1", target(bundle), seen).empty
    assert [s.id for s in plan_host("lb1", target(bundle), stopped).steps] == ["haproxy"]


def test_a_new_certificate_makes_haproxy_read_its_configuration_again() -> None:
    files = (
        BundleFile(path="/etc/haproxy/ca.crt", content="new\n", reader="named", cluster="demo"),
        BundleFile(path="/etc/haproxy/haproxy.cfg", content="x\n", reader="haproxy", cluster="demo"),
    )
    bundle = Bundle(host="lb1", files=files)
    seen = after(bundle, Observed(host="lb1", facts=Facts()))
    old = {**seen.files, files[0].path: msgspec.structs.replace(seen.files[files[0].path], sha256=sha("old\n"))}
    plan = plan_host("lb1", target(bundle), msgspec.structs.replace(seen, files=old))
    assert [s.id for s in plan.steps] == ["named", "haproxy", "manifest"]


def test_another_clusters_files_are_left_and_stay_in_the_manifest() -> None:
    mine = Bundle(host="h1", files=(FILE,))
    theirs = BundleFile(path="/etc/y.conf", content="y\n", reader="data", cluster="other")
    seen = after(Bundle(host="h1", files=(theirs,)), Observed(host="h1", facts=Facts()))
    only_demo = Target(bundle=mine, wave=1, clusters=("demo",))
    plan = plan_host("h1", only_demo, seen)
    assert [(f.path, f.change) for f in plan.files] == [("/etc/x.conf", "add")]
    kept = manifest_after(only_demo, seen, {}, state_id="s", epoch=2)
    assert [(m.path, m.cluster) for m in kept.files] == [("/etc/x.conf", "demo"), ("/etc/y.conf", "other")]


def test_a_file_that_only_its_owner_may_read_is_never_fetched_or_shown() -> None:
    secret = msgspec.structs.replace(FILE, content="new\n", mode="0600")
    bundle = Bundle(host="h1", files=(secret,))
    seen = one_file(mode="0600", sha256=sha("old secret\n"))
    assert contents_wanted(target(bundle), seen) == ()
    assert plan_host("h1", target(bundle), seen).files[0].diff == ""


@given(st.text())
def test_the_difference_of_a_new_file_is_what_difflib_says(content: str) -> None:
    file = BundleFile(path="/etc/new", content=content, reader="data", cluster="demo")
    target = Target(bundle=Bundle(host="w1", files=(file,)), wave=1, clusters=("demo",))
    (change,) = plan_host("w1", target, Observed(host="w1", facts=Facts())).files
    lines = content.splitlines(keepends=True)
    assert change.diff == "".join(difflib.unified_diff([], lines, "/dev/null", "b/etc/new"))


def test_a_late_value_shows_its_name_and_counts_in_the_hash() -> None:
    late = BundleFile(path="/etc/haproxy/ca.crt", content=None, late="ca", reader="named", cluster="demo")
    bundle = Bundle(host="lb1", files=(late,))
    seen = Observed(host="lb1", facts=Facts(), files={})
    plan = make_plan("new-cluster", ["cluster/demo"], [], {"lb1": target(bundle)}, {"lb1": seen})
    change = plan.hosts[0].files[0]
    assert (change.sha256_after, change.late, plan.late) == (None, ("ca",), ("ca",))
    nameless = msgspec.structs.replace(plan.hosts[0], files=(msgspec.structs.replace(change, late=()),))
    assert plan_hash(msgspec.structs.replace(plan, hosts=(nameless,))) != plan.hash


def test_the_hash_leaves_out_the_diffs_and_survives_json() -> None:
    plan = make_plan(
        "v", ["cluster/demo"], [], {"h1": target(Bundle(host="h1", files=(FILE,)))}, {"h1": one_file(sha256="0")}
    )
    read_back = msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    assert read_back == plan
    bare = msgspec.structs.replace(plan.hosts[0].files[0], diff="something else")
    other = msgspec.structs.replace(plan, hosts=(msgspec.structs.replace(plan.hosts[0], files=(bare,)),))
    assert plan_hash(other) == plan.hash


KERNEL = (
    BundleFile(path="/etc/modules-load.d/m.conf", content="br_netfilter\n", reader="modules", cluster="demo"),
    BundleFile(
        path="/etc/sysctl.d/s.conf",
        content="net.ipv4.ip_forward = 1\n-net.ipv6.ip_nonlocal_bind = 1\nnet.ipv4.tcp_rmem = 1 2 3\n",
        reader="sysctl",
        cluster="demo",
    ),
)
LIVE = "/proc/sys/net/"
IN_FORCE = {"ipv4/ip_forward": "1\n", "ipv6/ip_nonlocal_bind": "1\n", "ipv4/tcp_rmem": "1\t2\t3\n"}


@pytest.mark.parametrize(
    ("now", "gone", "steps"),
    [
        ({}, "", []),
        ({}, "ipv6/ip_nonlocal_bind", []),  # a kernel without IPv6, excused by the hyphen
        ({"ipv4/ip_forward": "0\n"}, "", ["sysctl"]),
        ({"ipv6/ip_nonlocal_bind": "0\n"}, "", ["sysctl"]),
        ({}, "ipv4/ip_forward", ["modules", "sysctl"]),  # its module was taken out
    ],
)
def test_what_the_kernel_lost_is_planned_and_its_files_go_along(
    now: dict[str, str], gone: str, steps: list[str]
) -> None:
    """The files are as they should be, so no file changes; a host sets what arrives, so they arrive again."""
    bundle = Bundle(host="w1", files=KERNEL)
    assert {*observed_paths(bundle)} == {*(f.path for f in KERNEL), *(LIVE + key for key in IN_FORCE)}
    seen = after(bundle, Observed(host="w1", facts=Facts()))
    live = {
        LIVE + key: FileState(path=LIVE + key, kind="file", mode="0644", owner="root:root", sha256=sha(text))
        for key, text in (IN_FORCE | now).items()
        if key != gone
    }
    facts = msgspec.structs.replace(seen.facts, kernel="6.1.0")
    seen = msgspec.structs.replace(seen, files=seen.files | live, facts=facts)
    plan = plan_host("w1", target(bundle), seen)
    assert ([s.id for s in plan.steps], plan.files) == (steps, ())
    sent = make_delivery(plan, target(bundle), seen, {}, state_id="s", epoch=2)
    assert [f.reader for f in sent.files] == steps and list(sent.steps) == steps
    folder = msgspec.structs.replace(seen, facts=Facts())
    assert plan_host("w1", target(bundle), folder).empty


def test_a_path_that_passes_from_one_owner_to_another_is_listed_once() -> None:
    """A plain file's place becomes a cluster's: else the next push of plain files would take it away."""
    plain = Bundle(host="h1", files=(BundleFile(path="/etc/x", content="a", reader="data", cluster=""),))
    demo = Bundle(host="h1", files=(BundleFile(path="/etc/x", content="b", reader="data", cluster="demo"),))
    seen = Observed(host="h1", facts=Facts())
    for bundle in (plain, demo):
        owner = Target(bundle=bundle, wave=1, clusters=(bundle.files[0].cluster,))
        manifest = manifest_after(owner, seen, {}, state_id="s", epoch=1)
        seen = msgspec.structs.replace(seen, manifest=manifest)
    assert seen.manifest is not None
    assert [(f.path, f.cluster, f.sha256) for f in seen.manifest.files] == [("/etc/x", "demo", sha("b"))]


def test_plain_files_keep_a_host_out_of_no_cluster() -> None:
    files = tuple(ManifestFile(path=f"/etc/{c}x", sha256="", mode="0644", cluster=c) for c in ("", "demo"))
    seen = Observed(host="h1", facts=Facts(), manifest=Manifest(state_id="s", epoch=1, bundle="", files=files))
    check_remains(seen, ("demo",))
    with pytest.raises(HostError, match="removed"):
        check_remains(seen, ("other",))
