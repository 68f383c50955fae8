"""The whole bundle of each role, byte by byte.

``pytest tests/golden --force-regen`` writes the expected files anew; read the diff before
it is committed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_cluster import desired

from aksprov.model.bundle import Bundle
from aksprov.model.facts import Facts
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates

EXPECTED = Path(__file__).parent / "bundles"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nthe CA's certificate\n-----END CERTIFICATE-----\n"
TEMPLATES = Templates.load()

Compare = Callable[[str, dict[str, str]], None]


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Compare:
    """Compares files with those below bundles/<case>/, or writes them with --force-regen."""

    def compare(case: str, files: dict[str, str]) -> None:
        folder = EXPECTED / case
        if request.config.getoption("force_regen"):
            shutil.rmtree(folder, ignore_errors=True)
            for name, text in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, "utf-8", newline="")
        found = {p.relative_to(folder).as_posix(): p.read_bytes().decode() for p in folder.rglob("*") if p.is_file()}
        assert sorted(files) == sorted(found)
        for name, text in files.items():
            assert text == found[name], name

    return compare


def texts(bundle: Bundle) -> dict[str, str]:
    """A bundle as files: each under its own path, and an index of what a path does not show."""
    index = [
        f"{f.mode} {f.owner} {f.reader} {f.cluster} {f.path}{f' late:{f.late}' * bool(f.late)}" for f in bundle.files
    ]
    index += [f"listen {x.unit} {x.address}:{x.port}" for x in bundle.listens]
    contents = {f.path.removeprefix("/"): f.content for f in bundle.files if f.content is not None}
    return {"index": "\n".join(index) + "\n", **contents}


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
    compare(case, texts(render_bundle(desired(), host, {}, {"ca": CERTIFICATE}, TEMPLATES)))


def test_one_load_balancer_has_no_peers(compare: Compare) -> None:
    """The default count: keepalived refuses an empty list of peers, so there are no unicast lines."""
    alone = desired(control_planes=1, load_balancers=1)
    compare("load-balancer-alone", texts(render_bundle(alone, "lb1", {}, {"ca": CERTIFICATE}, TEMPLATES)))


def test_three_load_balancers_name_the_two_others(compare: Compare) -> None:
    """keepalived.conf of each of three, as only it depends on their number."""
    three = desired(load_balancers=3)
    files = {
        f"{host}-keepalived.conf": texts(render_bundle(three, host, {}, {}, TEMPLATES))[
            "etc/keepalived/keepalived.conf"
        ]
        for host in ("lb1", "lb2", "lb3")
    }
    compare("three-load-balancers", files)


@pytest.mark.parametrize(
    ("version", "form"),
    [("1.6.20~ds1", "v2"), ("1.7.24", "v2"), ("2.2.1", "v3"), ("", "v3")],
)
def test_containerd_gets_the_form_that_it_reads(version: str, form: str, compare: Compare) -> None:
    """By what the host shows; one that shows nothing gets the form of today's containerd."""
    facts = {"w1": Facts(programs={"containerd": version} if version else {})}
    files = texts(render_bundle(desired(), "w1", facts, {}, TEMPLATES))
    compare(f"containerd-{form}", {"config.toml": files["etc/containerd/config.toml"]})


def test_a_file_of_a_late_value_has_no_content_before_it_is_known() -> None:
    """The load balancers' bundle exists before the cluster's CA does."""
    files = {f.path: f for f in render_bundle(desired(), "lb1", {}, {}, TEMPLATES).files}
    waiting = [path for path, f in files.items() if f.content is None]
    assert waiting == ["/etc/haproxy/aksprov/demo-ca.crt"]
    assert files[waiting[0]].late == "ca"
