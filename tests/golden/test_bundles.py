"""The whole bundle of each role, byte by byte."""

from __future__ import annotations

import pytest
from goldens import Compare, texts
from sample_cluster import desired, windows_cluster

from aksprov.model.facts import Facts
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nthe CA's certificate\n-----END CERTIFICATE-----\n"
TEMPLATES = Templates.load()


@pytest.mark.parametrize(
    ("case", "host"),
    [
        ("control-plane-first", "cp1"),
        ("control-plane-further", "cp2"),
        ("worker", "w1"),
        ("worker-tainted", "w2"),
        ("load-balancer-first", "lb1"),
        ("load-balancer-second", "lb2"),
    ],
)
def test_bundle(case: str, host: str, compare: Compare) -> None:
    """Three control planes, two load balancers, two pools, as a user would ask for."""
    compare(f"bundles/{case}", texts(render_bundle(desired(), host, {}, {"ca": CERTIFICATE}, TEMPLATES)))


@pytest.mark.parametrize(("plugin", "version"), [("calico", "v1.36.4"), ("flannel", "v1.22.17")])
def test_windows_worker(plugin: str, version: str, compare: Compare) -> None:
    """With a taint and fewer pods; an old version has flags and paths of its own."""
    what = windows_cluster(plugin, version)
    compare(f"bundles/windows-worker-{plugin}", texts(render_bundle(what, "w2", {}, {"ca": CERTIFICATE}, TEMPLATES)))


def test_one_load_balancer_has_no_peers(compare: Compare) -> None:
    """The default count: keepalived refuses an empty list of peers, so there are no unicast lines."""
    alone = desired(control_planes=1, load_balancers=1)
    compare("bundles/load-balancer-alone", texts(render_bundle(alone, "lb1", {}, {"ca": CERTIFICATE}, TEMPLATES)))


def test_three_load_balancers_name_the_two_others(compare: Compare) -> None:
    """keepalived.conf of each of three, as only it depends on their number."""
    three = desired(load_balancers=3)
    files = {
        f"{host}-keepalived.conf": texts(render_bundle(three, host, {}, {}, TEMPLATES))[
            "etc/keepalived/keepalived.conf"
        ]
        for host in ("lb1", "lb2", "lb3")
    }
    compare("bundles/three-load-balancers", files)


@pytest.mark.parametrize(
    ("version", "form"),
    [("1.6.20~ds1", "v2"), ("1.7.24", "v2"), ("2.0.5", "v3-bin-dir"), ("2.2.1", "v3"), ("", "v3")],
)
def test_containerd_gets_the_form_that_it_reads(version: str, form: str, compare: Compare) -> None:
    """By what the host shows; one that shows nothing gets the form of today's containerd."""
    facts = {"w1": Facts(programs={"containerd": version} if version else {})}
    files = texts(render_bundle(desired(), "w1", facts, {}, TEMPLATES))
    compare(f"bundles/containerd-{form}", {"config.toml": files["etc/containerd/config.toml"]})


def test_a_file_of_a_late_value_has_no_content_before_it_is_known() -> None:
    """The load balancers' bundle exists before the cluster's CA does."""
    files = {f.path: f for f in render_bundle(desired(), "lb1", {}, {}, TEMPLATES).files}
    waiting = [path for path, f in files.items() if f.content is None]
    assert waiting == ["/etc/haproxy/aksprov/demo-ca.crt"]
    assert files[waiting[0]].late == "ca"
