"""The table of versions holds together, and get-kubernetes-version shows it."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from aksprov.cmdlets.versions import OFFERED, find_version, resolve_version
from aksprov.errors import DefinitionError

CALICO = {offered.calico_release for offered in OFFERED}


def release(text: str) -> tuple[int, ...]:
    """The numbers of a release, which compare as releases do."""
    return tuple(map(int, re.findall(r"\d+", text)))


def test_every_minor_is_there_in_order() -> None:
    assert [offered.minor for offered in OFFERED] == [f"1.{n}" for n in range(20, 38)]


@pytest.mark.parametrize("offered", OFFERED, ids=lambda o: o.minor)
def test_each_gets_the_newest_calico_that_was_tested_with_it(offered: object) -> None:
    """Where none was, the newest of all is the nearest, since the minor is newer than they are."""
    entry = next(o for o in OFFERED if o is offered)
    tested = [c for c in CALICO if c.tests(entry.minor)] or list(CALICO)
    assert entry.calico == max((c.version for c in tested), key=release)


def test_only_the_newest_has_no_tested_calico() -> None:
    assert [offered.minor for offered in OFFERED if not offered.calico_tested] == ["1.37"]


@pytest.mark.parametrize("offered", OFFERED, ids=lambda o: o.minor)
def test_the_usual_containerd_is_one_of_those_that_go_with_it(offered: object) -> None:
    found = next(o for o in OFFERED if o is offered).containerd
    assert release(found.first) <= release(found.usual)
    assert not found.last or release(found.usual) <= release(found.last)


def test_no_version_has_what_a_later_one_brings() -> None:
    """Nothing but kubeadm's API, images and releases goes back and forth, and those only grow."""
    for earlier, later in pairwise(OFFERED):
        assert earlier.kubeadm <= later.kubeadm
        assert release(earlier.pause) <= release(later.pause)
        assert release(earlier.calico) <= release(later.calico)
        assert release(earlier.containerd.first) <= release(later.containerd.first)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (None, "v1.36.4"),
        ("latest", "v1.36.4"),
        ("v1.37.1", "v1.37.1"),
        ("V1.20.2", "v1.20.2"),
        ("1.33.4", "v1.33.4"),
        ("1.36.99", "v1.36.99"),
    ],
)
def test_a_version_is_taken_with_any_patch(text: str | None, version: str) -> None:
    assert resolve_version(text) == version


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "VersionNotAvailable") for text in ("v1.19.16", "1.38.0", "v2.20.1", "v0.36.4")),
        *((text, "KubernetesVersionInvalid") for text in ("1.36", "v1.036.4", "1.36.4-rc.1", "vv1.36.4", "", "newest")),
    ],
)
def test_another_version_is_refused(text: str, code: str) -> None:
    """With what to do about it."""
    with pytest.raises(DefinitionError) as caught:
        resolve_version(text)
    assert (caught.value.code, caught.value.where) == (code, "kubernetesVersion")
    assert "get-kubernetes-version" in caught.value.fix


def test_a_recorded_version_finds_its_entry() -> None:
    assert find_version("v1.24.3").minor == "1.24"
