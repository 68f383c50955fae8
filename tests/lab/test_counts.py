"""What the whole program costs a host, in counts that do not depend on the machine; what a push of plain files does.

The work is that of the bench: 12 files of 1 to 8 KB, 31.7 KB in all; see tests/bench/workload.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from controller import Controller
from minilab import Lab
from transport_lab import Wire

SIZES = (1000, 8000, 2000, 3000, 1600, 4400, 1200, 2680, 1400, 1800, 2200, 2400)
KB = 1000


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["h1"]) as lab:
        lab["h1"].shell("echo LogLevel VERBOSE >> /etc/ssh/sshd_config.d/lab.conf; systemctl restart ssh")
        with lab.netns():
            yield lab


@pytest.fixture
def controller(lab: Lab, tmp_path: Path) -> Iterator[Controller]:
    """One whose host is recorded, and has nothing of ours."""
    controller = Controller(lab, tmp_path)
    controller.run("add-host", "--file", controller.write_hosts(), "--offline")
    yield controller
    lab["h1"].shell("rm -rf /etc/app /var/lib/aksprov")


def files(controller: Controller, sizes: tuple[int, ...] = SIZES) -> Path:
    """A folder of plain files for the one host."""
    folder = controller.directory / "files"
    place = folder / "h1/etc/app"
    place.mkdir(parents=True)
    for number, size in enumerate(sizes):
        (place / f"app{number:02}.conf").write_text("x" * (size - 1) + "\n")
    return folder


def through_a_wire(controller: Controller, *arguments: str | Path) -> tuple[Wire, int]:
    """Run the program with its host behind a relay that counts; the relay, and how many channels sshd opened."""
    host, wire = controller.lab["h1"], Wire()

    async def work() -> None:
        async with wire.to(host.ip) as port:
            reach = ("set-host", "--name", "h1", "--address", "10.77.0.1", "--port", str(port))
            await asyncio.to_thread(controller.run, *reach)
            await asyncio.to_thread(controller.run, *arguments)

    def sessions() -> int:
        return host.shell("journalctl -u ssh -o cat").stdout.count("Starting session")

    before = sessions()
    asyncio.run(work())
    return wire, sessions() - before


def test_one_connection_and_one_channel_few_turns_and_little_more_than_the_files(controller: Controller) -> None:
    """W1, W2 and W3 of the bench."""
    apply = ("apply", "--from", files(controller), "--yes")
    host = controller.lab["h1"]
    turns = []
    for _ in range(3):
        host.shell("rm -rf /etc/app /var/lib/aksprov")
        first, again, test = (through_a_wire(controller, *words) for words in (apply, apply, ("test-host",)))
        for wire, channels in (first, again, test):
            assert (wire.connections, channels) == (1, 1)
        assert first[0].up <= sum(SIZES) + 26 * KB
        assert max(again[0].up, test[0].up) <= 9 * KB
        turns.append([wire.turns for wire, _ in (first, again, test)])
        # on a busy machine what the server sends at once may come in two pieces, each with an answer of ours
        if max(min(counts) for counts in zip(*turns, strict=True)) <= 10:
            return
    raise AssertionError(turns)


def test_plain_files_arrive_as_they_are_and_go_when_the_folder_has_them_no_more(controller: Controller) -> None:
    host, folder = controller.lab["h1"], files(controller, (10, 20))
    program = folder / "h1/etc/app/run"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    apply = ("apply", "--from", folder)
    assert controller.json(*apply, "--what-if", check=2)["hosts"][0]["files"][0]["change"] == "add"
    assert "yes" in controller.run(*apply, check=64).stderr
    controller.run(*apply, "--yes")
    shown = host.shell("cd /etc/app && stat -c '%a %U:%G %n' *; cat app00.conf").stdout
    assert shown == "644 root:root app00.conf\n644 root:root app01.conf\n755 root:root run\nxxxxxxxxx\n"
    assert "nothing to change" in controller.run(*apply, "--yes").stderr
    program.unlink()
    host.shell("echo edited > /etc/app/app01.conf")
    plan = controller.json(*apply, "--what-if", check=2)["hosts"][0]["files"]
    assert [(f["path"], f["change"]) for f in plan] == [("/etc/app/app01.conf", "change"), ("/etc/app/run", "remove")]
    assert "-edited" in plan[0]["diff"]
    controller.run(*apply, "--yes")
    assert host.shell("ls /etc/app; wc -c < /etc/app/app01.conf").stdout == "app00.conf\napp01.conf\n20\n"


def test_a_folder_that_cannot_be_pushed_leaves_hosts_alone(controller: Controller) -> None:
    folder = files(controller, (10,))
    (folder / "h1/etc/app/link").symlink_to("/etc/shadow")
    cases = {"FolderFileRefused": "link", "FolderHostUnknown": "h7"}
    for code, word in cases.items():
        said = controller.run("apply", "--from", folder, "--yes", check=65).stderr
        assert code in said
        assert word in said
        (folder / "h1/etc/app/link").unlink(missing_ok=True)
        (folder / "h7").mkdir(exist_ok=True)
    assert controller.lab["h1"].shell("ls -d /etc/app /var/lib/aksprov", check=False).stdout == ""
