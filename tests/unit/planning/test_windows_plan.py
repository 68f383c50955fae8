"""Windows hosts in a plan: a service that stands still is a step, unless its program has yet to come."""

from __future__ import annotations

import pytest

from aksprov.model.bundle import ADMINISTRATORS, Bundle, BundleFile
from aksprov.model.facts import Facts, FileState, Manifest, ManifestFile, Observed, Unit
from aksprov.planning.planner import Target, plan_host, sha256

PATH = "C:/ProgramData/aksprov/services.json"
FILE = BundleFile(path=PATH, content="{}", reader="services", cluster="demo", owner=ADMINISTRATORS)
LISTED = ManifestFile(path=PATH, sha256=sha256("{}"), mode="0644", cluster="demo")


def steps(facts: Facts, *lost: str) -> list[str]:
    """The steps of a host whose files are as they should be."""
    state = FileState(path=PATH, kind="file", mode="0644", owner=ADMINISTRATORS, sha256=LISTED.sha256)
    manifest = Manifest(state_id="s", epoch=1, bundle="b", files=(LISTED,))
    seen = Observed(host="win1", facts=facts, manifest=manifest, files={PATH: state}, lost=lost)
    target = Target(bundle=Bundle(host="win1", files=(FILE,)), wave=1, clusters=("demo",))
    return [step.id for step in plan_host("win1", target, seen).steps]


@pytest.mark.parametrize(
    ("units", "programs", "wanted"),
    [
        ({"containerd": Unit(active="active", enabled="enabled")}, {"containerd": "2.2.0"}, []),
        ({"containerd": Unit(active="inactive", enabled="enabled")}, {"containerd": "2.2.0"}, ["services"]),
        ({"containerd": Unit(active="inactive", enabled="enabled")}, {}, []),
        ({}, {}, ["services"]),
    ],
)
def test_a_service_that_stands_still_is_a_step(
    units: dict[str, Unit], programs: dict[str, str], wanted: list[str]
) -> None:
    assert steps(Facts(powershell="5.1", units=units, programs=programs)) == wanted


def test_what_was_taken_away_is_a_step_of_who_has_a_file_for_it() -> None:
    fine = Facts(powershell="5.1", units={"containerd": Unit(active="active", enabled="enabled")})
    assert steps(fine, "services", "firewall") == ["services"]


def test_a_folder_has_no_services() -> None:
    assert steps(Facts()) == []
