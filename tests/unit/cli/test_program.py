"""The program's streams and exit codes, each time in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

NETWORK = (
    "new-cluster-network --name labnet --vswitch-name External --ip-address-prefix 10.0.0.0/24 --gateway 10.0.0.1"
    " --dns-servers 10.0.0.2 --vip-pool-start 10.0.0.200 --vip-pool-end 10.0.0.220"
    " --k8s-node-ip-pool-start 10.0.0.10 --k8s-node-ip-pool-end 10.0.0.100"
).split()


def test_an_error_leaves_standard_output_empty_and_no_state(aksprov: Run, tmp_path: Path) -> None:
    refused = aksprov("new-cluster", "--name", "demo", "--primary-network-plugin", "weave", "--output", "json")
    assert (refused.returncode, refused.stdout) == (65, "")
    assert json.loads(refused.stderr)["code"] == "ValueNotAllowed"
    assert list(tmp_path.iterdir()) == []


def test_data_is_on_standard_output_and_remarks_are_not(aksprov: Run) -> None:
    made = aksprov(*NETWORK, "--output", "json")
    assert made.returncode == 0
    assert json.loads(made.stdout)["Name"] == "labnet"
    assert "made a new state" in made.stderr

    again = aksprov(*NETWORK, "--output", "json")
    assert (again.returncode, json.loads(again.stdout)) == (0, json.loads(made.stdout))
    assert "nothing to change" in again.stderr


def test_get_prints_an_array_also_of_one_and_of_none(aksprov: Run) -> None:
    assert json.loads(aksprov("get-cluster-network", "--output", "json").stdout) == []
    aksprov(*NETWORK)
    named = aksprov("Get-AksHciClusterNetwork", "--name", "LABNET", "--output=json")
    assert [network["Name"] for network in json.loads(named.stdout)] == ["labnet"]


def test_a_setting_goes_through_a_file_into_an_option(aksprov: Run, tmp_path: Path) -> None:
    """Also through one that Windows PowerShell 5.1 wrote, in UTF-16, or another tool with a byte-order mark."""
    setting = aksprov("new-load-balancer-setting", "--name", "lb", "--load-balancer-sku", "haproxy", "--output", "json")
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "lb.json").write_text(setting.stdout.replace("1", "0"), encoding=encoding)
        done = aksprov("new-cluster", "--name", "demo", "--load-balancer-settings", "@lb.json")
        assert "Error OutOfRange: '0' cannot be the value of Count of --load-balancer-settings" in done.stderr
    (tmp_path / "lb.json").write_bytes(b"\xff\xfa")
    assert aksprov("new-cluster", "--name", "demo", "--load-balancer-settings", "@lb.json").returncode == 65


def test_remove_needs_a_confirmation_where_nobody_can_be_asked(aksprov: Run) -> None:
    aksprov(*NETWORK)
    refused = aksprov("remove-cluster-network", "--name", "labnet")
    assert (refused.returncode, refused.stdout) == (64, "")
    assert "ConfirmationNeeded" in refused.stderr
    removed = aksprov("remove-cluster-network", "--name", "labnet", "--yes")
    assert removed.returncode == 0
    assert json.loads(aksprov("get-cluster-network", "--output", "json").stdout) == []


def test_missing_parameters_are_asked_for_on_a_terminal(at_terminal: Callable[..., Any], aksprov: Run) -> None:
    """As PowerShell does: by the parameter's name, again after an empty answer."""
    words = [word for word in NETWORK if word not in ("--gateway", "10.0.0.1")]
    terminal = at_terminal(*words)
    terminal.expect("gateway: ")
    terminal.type("")
    terminal.expect("gateway: ")
    terminal.type("10.0.0.1")
    code, said = terminal.end()
    assert code == 0
    assert "Gateway            : 10.0.0.1" in said
    assert json.loads(aksprov("get-cluster-network", "--output", "json").stdout)[0]["Gateway"] == "10.0.0.1"


def test_no_is_no(at_terminal: Callable[..., Any], aksprov: Run) -> None:
    aksprov(*NETWORK)
    terminal = at_terminal("remove-cluster-network", "--name", "labnet")
    terminal.expect("[y/N] ")
    terminal.type("")
    assert terminal.end()[0] == 0
    assert len(json.loads(aksprov("get-cluster-network", "--output", "json").stdout)) == 1


def test_an_interrupt_says_how_to_go_on(at_terminal: Callable[..., Any]) -> None:
    terminal = at_terminal("new-cluster")
    terminal.expect("name: ")
    terminal.process.send_signal(signal.SIGINT)
    code, said = terminal.end()
    assert code == 130
    assert "Error Interrupted" in said and "goes on where it stopped" in said


def test_events_are_json_lines(aksprov: Run, tmp_path: Path) -> None:
    """Added to the file, as several runs may share one."""
    (tmp_path / "events").write_text("{}\n")
    host = "add-host --name nowhere --address 127.0.0.1 --port 1 --os linux --host-key".split()
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    done = aksprov(*host, key, "--events", "events", "--output", "json")
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()][1:]
    assert done.returncode == 1
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert any(event["kind"] == "host.failed" and event["host"] == "nowhere" for event in events)
    assert "nowhere failed" in done.stderr


@pytest.mark.parametrize("words", ["get-vm-size --output json", "--help", "new-cluster --help"])
def test_a_reader_that_goes_away_is_no_error(on_path: dict[str, str], words: str) -> None:
    script = f"aksprov {words} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], env=on_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_told(on_path: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-c", "aksprov get-vm-size > /dev/full"], env=on_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Error OutputNotWritten" in done.stderr and "No space left" in done.stderr


COMPLETE = """
source <(_AKSPROV_COMPLETE=source_bash aksprov)
[[ $(complete -p aksprov) == *_aksprov_completion* ]] || exit 1
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
_aksprov_completion aksprov
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["new-c"], {"new-cluster", "new-cluster-network"}),
        (["new-cluster", "--primary"], {"--primary-network-plugin"}),
        (["new-cluster", "--primary-network-plugin", ""], {"calico", "flannel"}),
        (["new-cluster", "--os-type", "l"], {"linux"}),
        (["get-cluster", "--output", "j"], {"json"}),
    ],
)
def test_bash_completes_verbs_options_and_values(
    on_path: dict[str, str], words: list[str], completed: set[str]
) -> None:
    argv = ["bash", "-c", COMPLETE, "bash", "aksprov", *words]
    done = subprocess.run(argv, env=on_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == completed


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell", "pwsh"])
def test_other_shells_get_a_script_and_answers(aksprov: Run, shell: str) -> None:
    """By the protocol between Typer's scripts and the program: these shells are not run."""
    assert "aksprov" in aksprov(_AKSPROV_COMPLETE=f"source_{shell}").stdout
    typed = {
        "_TYPER_COMPLETE_ARGS": "aksprov new-cluster --primary-network-plugin c",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    answer = aksprov(_AKSPROV_COMPLETE=f"complete_{shell}", _TYPER_COMPLETE_WORD_TO_COMPLETE="c", **typed)
    assert "calico" in answer.stdout and "flannel" not in answer.stdout


def test_an_unexpected_exception_is_our_bug(environment: dict[str, str]) -> None:
    """A workflow that fails stands in for one that has a bug."""
    for words in (["get-vm-size"], ["get-vm-size", "--verbose"]):
        code = f"""
import sys
from aksprov.cli.main import run
from aksprov.workflows import get_vm_size
def fail(request, session):
    raise ZeroDivisionError("nobody expected this")
get_vm_size.run = fail
sys.exit(run({words!r}))
"""
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (70, "")
        assert "Error InternalError" in done.stderr and "--verbose" in done.stderr
        assert ("Traceback" in done.stderr) == ("--verbose" in words)


def test_a_verb_that_nothing_carries_out_is_not_available(environment: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['aksprov.workflows.get_vm_size'] = None;"
        "from aksprov.cli.main import run; sys.exit(run(['get-vm-size']))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 69 and "VerbNotAvailable" in done.stderr
