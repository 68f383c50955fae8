"""The agent over real pipes and real shells: quoting, marks, exact counts of bytes, and what breaks."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aksprov.errors import HostAuthError, HostError
from aksprov.model.transport import Completed
from aksprov.transport.agent import Agent, agent_argv, command_line, quote

T = TypeVar("T")
LOGIN_SHELLS = [s for s in ("sh", "dash", "bash", "zsh", "fish", "busybox sh") if shutil.which(s.split()[0])]
POSIX_SHELLS = [s for s in ("dash", "bash --posix", "busybox sh") if shutil.which(s.split()[0])]
NONCE = "0123456789abcdef"
# what an argument of a program can hold
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize("shell", LOGIN_SHELLS)
@given(words=st.lists(words | st.text("'\\\"$`!\n *~;#{}()", max_size=12), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_every_login_shell_reads_a_quoted_word_as_it_is(shell: str, words: list[str]) -> None:
    line = " ".join(["printf", quote(r"%s\0"), *map(quote, words)])
    said = subprocess.run([*shell.split(), "-c", line], capture_output=True, check=True)
    assert said.stdout.decode().split("\0")[:-1] == words


@pytest.mark.parametrize("shell", LOGIN_SHELLS)
def test_the_command_line_starts_the_agent_in_every_login_shell(shell: str) -> None:
    line = command_line(agent_argv(NONCE, 'printf \'%s|\' "$0" "$@" \\\\; exit 7', ["/a", "b"], sudo=False))
    said = subprocess.run([*shell.split(), "-c", line], input=b"", capture_output=True, check=False)
    assert said.stdout == f"\n{NONCE}>\naksprov|/a|b|\\|\n{NONCE}<7\n".encode()


def with_agent(
    work: Callable[[Agent], Awaitable[T]], *, shell: str = "sh", before: str = "", first: str = ":", sudo: bool = False
) -> T:
    """Do something with an agent that ``shell`` runs, after a start file ``before``."""

    async def run() -> T:
        argv = agent_argv(NONCE, first, [], sudo=False)
        started = [*shell.split(), *argv[1:]] if not before else ["sh", "-c", f'{before}\nexec "$@"', "-", *argv]
        process = await asyncio.create_subprocess_exec(
            *started, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert process.stdin and process.stdout and process.stderr
        agent = Agent("h1", NONCE, process.stdout, process.stderr, process.stdin, sudo=sudo)
        try:
            return await work(agent)
        finally:
            agent.end()
            try:
                await asyncio.wait_for(process.communicate(), 2)
            except TimeoutError:
                process.kill()
                await process.communicate()

    return asyncio.run(run())


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_scripts_follow_each_other_whatever_each_leaves_of_its_stdin(shell: str) -> None:
    data = bytes(range(256)) * 700  # more than a pipe holds, with every byte

    async def work(agent: Agent) -> list[Completed]:
        return [
            await agent.first(10),
            await agent.run("sha256sum; exit 4", (), lambda: data, 10),
            await agent.run('read -r line; echo "$line"', (), lambda: b"one\ntwo\n" + data, 10),
            await agent.run("exit 5", (), lambda: data, 10),
            await agent.run('cat; echo "$# $1" >&2', ("/a/b", "c"), bytes, 10),
            await agent.run("if then", (), bytes, 10),
            await agent.run("set -f; cd /tmp; N=other; exec echo last", (), lambda: b"x", 10),
            await agent.run("pwd; echo $-", (), bytes, 10),
        ]

    first, summed, line, nothing, arguments, wrong, executed, after = with_agent(work, shell=shell, first="echo hello")
    assert (first.status, first.stdout) == (0, b"hello\n")
    assert (summed.status, summed.stdout[:8]) == (4, hashlib.sha256(data).hexdigest()[:8].encode())
    assert (line.stdout, nothing.status) == (b"one\n", 5)
    assert (arguments.stdout, arguments.stderr) == (b"", b"2 /a/b\n")
    assert wrong.status != 0
    assert executed.stdout == b"last\n"
    assert after.stdout.startswith(b"/\n")
    assert b"f" not in after.stdout


def test_what_looks_like_a_mark_is_data() -> None:
    text = b"\nfedcba9876543210>\n\nfedcba9876543210<0\n0123456789abcde<1\n"

    async def work(agent: Agent) -> bytes:
        await agent.first(10)
        return (await agent.run("cat", (), lambda: text, 10)).stdout

    assert with_agent(work) == text


def test_noise_before_the_agent_is_left_out() -> None:
    noise = "echo welcome; printf 'no newline'; echo mail >&2"
    assert with_agent(lambda a: a.first(10), before=noise, first="echo yes").stdout == b"yes\n"


@pytest.mark.parametrize(
    ("before", "sudo", "code", "auth", "words"),
    [
        ("echo go away; exit 1", False, "HostShellBroken", False, "it said: go away"),
        ("exit 0", False, "HostShellBroken", False, "without a word"),
        ("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", False, "HostShellBroken", False, "it said: aaa"),
        ("sleep 2; exit", False, "HostTimeout", False, "has not returned"),
        ("printf '\\033[31mred\\n' >&2; exit 1", False, "HostShellBroken", False, "it said: [31mred"),
        ("echo sudo: a password is required >&2; exit 1", True, "HostSudoRefused", True, "sudo: a password"),
        ("echo sudo: a password is required >&2; exit 1", False, "HostShellBroken", False, "sudo: a password"),
        ("echo sh: 1: sudo: not found >&2; exit 127", True, "HostToolMissing", False, "sudo: not found"),
        ("echo Your password has expired. >&2; exit 1", False, "HostPasswordExpired", True, "password has expired"),
    ],
)  # fmt: skip
def test_an_agent_that_never_speaks_is_diagnosed(
    monkeypatch: pytest.MonkeyPatch, before: str, sudo: bool, code: str, auth: bool, words: str
) -> None:
    monkeypatch.setattr("aksprov.transport.agent.START_SECONDS", 1)
    with pytest.raises(HostError) as raised:
        with_agent(lambda a: a.first(9), before=before, sudo=sudo)
    assert (raised.value.code, isinstance(raised.value, HostAuthError)) == (code, auth)
    assert words in raised.value.why
    assert raised.value.fix


def test_a_script_that_outlives_its_deadline_is_given_up() -> None:
    async def work(agent: Agent) -> None:
        await agent.first(10)
        with pytest.raises(HostError, match="did not answer within"):
            await agent.run("exec sleep 2", (), bytes, -59.5)  # half a second beside the time for the stream
        await agent.run("echo late", (), bytes, 10)

    with pytest.raises(HostError) as raised:  # and its late answer is not taken for the next one's
        with_agent(work)
    assert raised.value.code == "HostDisconnected"


def test_an_agent_that_is_killed_is_a_lost_connection() -> None:
    async def work(agent: Agent) -> None:
        await agent.first(10)
        await agent.run("echo half; read -r _ _ _ parent _ </proc/self/stat; kill -9 $parent $$", (), bytes, 10)

    with pytest.raises(HostError) as raised:
        with_agent(work)
    assert raised.value.code == "HostDisconnected"
