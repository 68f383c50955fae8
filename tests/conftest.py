"""What tests need of the machine: a missing need skips (pytest -rs has a line for it) or fails where it is required.

AKSPROV_TEST_REQUIRE lists needs, separated by commas, whose absence fails the tests that have them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from minilab import missing

# A busy machine is no defect of the code under test.
settings.register_profile("aksprov", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aksprov")

LAB_TESTS = Path(__file__).parent / "lab"
FAULTS = LAB_TESTS / "faults"


def _no_lab() -> str:
    return "; ".join(missing())


def _no_postgres() -> str:
    places = os.pathsep.join([os.environ.get("PATH", ""), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
    if not shutil.which("initdb", path=places):
        return "no initdb (apt-get install postgresql)"
    return _no_program("setpriv")


def _no_path(variable: str, kind: str) -> str:
    value = os.environ.get(variable)
    if not value:
        return f"{variable} is not set ({kind})"
    return "" if Path(value).exists() else f"{variable} is {value}, which is not there"


def _no_program(name: str) -> str:
    return "" if shutil.which(name) else f"no {name} (apt-get install {name})"


def _no_ansible() -> str:
    """Made the first time, which takes the package index."""
    tool = Path(__file__).parents[1] / "tools/environment"
    made = subprocess.run([tool, "tests/ansible"], capture_output=True, text=True, check=False)
    return f"tools/environment tests/ansible: {made.stderr.strip()[-200:]}" if made.returncode else ""


def _no_kerberos() -> str:
    """A KDC, and what aksprov[kerberos] brings."""
    modules = [name for name in ("krb5", "gssapi", "kerberos") if not find_spec(name)]
    if modules:
        return f"no {', '.join(modules)} (pip install 'aksprov[kerberos]')"
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    if not shutil.which("krb5kdc", path=path):
        return "no krb5kdc (apt-get install krb5-kdc krb5-admin-server krb5-user)"
    return ""


# need -> why it is missing here, "" where it is not
NEEDS: dict[str, Callable[[], str]] = {
    "ansible": _no_ansible,
    "kerberos": _no_kerberos,
    "lab": _no_lab,
    "postgres": _no_postgres,
    "strace": lambda: _no_program("strace"),
    "faketime": lambda: _no_program("faketime"),
    "dnsmasq": lambda: "" if shutil.which("dnsmasq") else "no dnsmasq (apt-get install dnsmasq-base)",
    "pwsh": lambda: _no_path("AKSPROV_TEST_PWSH", "a pwsh program"),
    "kubernetes": lambda: _no_path("AKSPROV_TEST_KUBERNETES", "a folder with Kubernetes' binaries and images"),
    "schemas": lambda: _no_path("AKSPROV_TEST_SCHEMAS", "a folder with JSON schemas"),
}


@cache
def _why_missing(need: str) -> str:
    return NEEDS[need]()


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a need that nobody knows: it would never be missing."""
    unknown = _required() - NEEDS.keys()
    if unknown:
        raise pytest.UsageError(f"AKSPROV_TEST_REQUIRE: {', '.join(sorted(unknown))} is none of {', '.join(NEEDS)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies below tests/lab needs a lab; what lies in its faults is one."""
    for item in items:
        if LAB_TESTS in item.path.parents:
            item.add_marker("lab")
        if FAULTS in item.path.parents:
            item.add_marker("fault")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look at a test's needs before its fixtures."""
    for need in NEEDS:
        if item.get_closest_marker(need) and (why := _why_missing(need)):
            if need in _required():
                pytest.fail(f"{need} is required by AKSPROV_TEST_REQUIRE and missing: {why}", pytrace=False)
            pytest.skip(f"{need}: {why}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line of a run, in a form that any tool can read."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not config.option.collectonly:
        passed, failed, skipped = (
            sum(len(reporter.stats.get(kind, [])) for kind in kinds)
            for kinds in (("passed", "xpassed"), ("failed", "error"), ("skipped", "xfailed"))
        )
        print(f"{passed} passed, {failed} failed, {skipped} skipped")


def _required() -> set[str]:
    return {need.strip() for need in os.environ.get("AKSPROV_TEST_REQUIRE", "").split(",") if need.strip()}
