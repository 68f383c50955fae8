"""What a Windows host's refusal means, by its number: a row each, with the cure that goes with it."""

from __future__ import annotations

import logging

import pytest
import requests

from aksprov.errors import ExitCode
from aksprov.model.host import Host
from aksprov.transport.windows import diagnosis, psrp, winrs
from aksprov.transport.windows.wire import CutError

HOST = Host(name="win1", address="10.0.0.31", os="windows", user="ops", password_ref="env:PW")
SEALED = Host(name="win1", address="10.0.0.31", os="windows", user="ops", port=5985)


@pytest.mark.parametrize(
    ("code", "told", "words"),
    [
        (5, "HostUserRefused", "Administrators"),  # no administrator, or remoting closed to them
        (2150858793, "HostTimeout", "load"),
        (2150859173, "HostQuotaReached", "MaxShellsPerUser"),
        (2150859174, "HostQuotaReached", "MaxShellsPerUser"),
        (2150858752, "HostRemotingClosed", "--connection winrm"),
        (2150858843, "HostDisconnected", "again"),
        (None, "HostDisconnected", "again"),
    ],
)
def test_faults_of_ws_management(code: int | None, told: str, words: str) -> None:
    error = diagnosis.fault(HOST, code, "Zugriff verweigert")
    assert (error.code, words in error.fix) == (told, True)
    assert (error.exit_code == ExitCode.AUTH) is (told == "HostUserRefused")


@pytest.mark.parametrize(
    ("host", "status", "told", "words"),
    [
        (HOST, 413, "HostEnvelopeTooSmall", "MaxEnvelopeSizekb"),
        (SEALED, 500, "HostEncryptionRefused", "5986"),
        (SEALED, 400, "HostEncryptionRefused", "5986"),
        (HOST, 500, "HostNotWinRm", "5986"),
        (HOST, 404, "HostNotWinRm", "5986"),
    ],
)
def test_answers_that_are_no_ws_management(host: Host, status: int, told: str, words: str) -> None:
    error = diagnosis.http(host, status)
    assert (error.code, words in error.fix) == (told, True)


@pytest.mark.parametrize(
    ("failure", "begun", "told"),
    [
        (requests.ConnectTimeout(), False, "HostUnreachable"),
        (requests.ReadTimeout(), False, "HostTimeout"),
        (requests.ReadTimeout(), True, "HostDisconnected"),
        (ConnectionRefusedError("refused"), False, "HostUnreachable"),
        (requests.ConnectionError(ConnectionResetError("reset")), True, "HostDisconnected"),
    ],
)
def test_a_network_that_fails_is_a_cut_once_the_host_had_answered(failure: Exception, begun: bool, told: str) -> None:
    error = diagnosis.network(HOST, failure, begun=begun)
    assert (error.code, isinstance(error, CutError)) == (told, begun)


def test_libraries_tell_no_scripts() -> None:
    """At INFO they write whole ones, parameters included, to whatever log there is."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    try:
        for module in (psrp.WSMan.__module__, winrs.Protocol.__module__):
            assert not logging.getLogger(module).isEnabledFor(logging.INFO), module
    finally:
        root.setLevel(before)
