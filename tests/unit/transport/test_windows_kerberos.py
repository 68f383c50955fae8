"""What a login with a domain's ticket failed by: the words are those that the libraries gave against MIT's KDC 1.20."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from spnego.exceptions import SpnegoError

from aksprov.model.host import Host
from aksprov.transport.windows import diagnosis

HOST = Host(
    name="win1", address="win1.lab.test", os="windows", auth="kerberos", user="ops@LAB.TEST", password_ref="env:PW"
)
CACHE = (
    "authGSSClientInit() failed: (('No credentials were supplied, or the credentials were unavailable or "
    "inaccessible', 458752), (\"Can't find client principal ops@LAB.TEST in cache collection\", -1765328243))"
)


class Krb5Error(Exception):
    """As the package krb5 has it."""


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Krb5Error("Clock skew too great -1765328347"), "HostClockSkew", "w32tm"),
        (SpnegoError(13, context_msg="Major (851968): Unspecified. Minor (2529638949): Clock skew too great"),
         "HostClockSkew", "w32tm"),
        (Krb5Error("Decrypt integrity check failed -1765328353"), "HostPasswordRefused", "env:PW"),
        (Krb5Error("Preauthentication failed -1765328360"), "HostPasswordRefused", "env:PW"),
        (Krb5Error("Client 'ops' not found in Kerberos database -1765328378"), "HostTicketRefused", "capitals"),
        (Krb5Error("Server not found in Kerberos database -1765328377"), "HostTicketRefused", "--address"),
        (Krb5Error("Cannot contact any KDC for realm 'LAB.TEST' -1765328228"), "HostTicketRefused", "port 88"),
        (Krb5Error("Cannot find KDC for realm \"LAB.TEST\" -1765328230"), "HostTicketRefused", "krb5.conf"),
        (SpnegoError(13, context_msg="no words"), "HostTicketRefused", "kinit"),
    ],
)  # fmt: skip
def test_each_failure_has_its_cure(error: Exception, code: str, words: str) -> None:
    told = diagnosis.login(HOST, error)
    assert (told.code, words in told.fix, told.exit_code) == (code, True, 77), told


def test_pywinrm_has_it_as_the_failure_of_a_request() -> None:
    told = diagnosis.network(HOST, requests.RequestException(CACHE), begun=False)
    assert (told.code, "kinit" in told.fix) == ("HostTicketRefused", True)
    assert diagnosis.network(HOST, OSError("4294967295 refused"), begun=False).code == "HostUnreachable"


@pytest.mark.parametrize(
    ("user", "auth", "ahead", "code"),
    [
        ("ops@LAB.TEST", "kerberos", -301, "HostClockSkew"),
        ("LAB\\ops", None, 400, "HostClockSkew"),
        ("ops@LAB.TEST", "kerberos", 299, "HostPasswordRefused"),
        ("Administrator", None, 400, "HostPasswordRefused"),
    ],
)
def test_a_host_that_refuses_a_domains_user_may_have_another_time(
    monkeypatch: pytest.MonkeyPatch, user: str, auth: str | None, ahead: float, code: str
) -> None:
    monkeypatch.setattr(diagnosis, "seconds_ahead", lambda host: ahead)
    host = Host(name="win1", address="win1", os="windows", user=user, auth=auth, password_ref="env:PW")  # type: ignore[arg-type]
    told = diagnosis.refused_user(host)
    assert told.code == code
    assert ("behind ours" in told.why) is (ahead < 0)


@pytest.mark.parametrize(("auth", "code"), [("ntlm", "HostDisconnected"), ("credssp", "HostPasswordRefused")])
def test_a_login_without_tickets_has_no_tickets_cure(auth: Any, code: str) -> None:
    host = Host(name="win1", address="win1", os="windows", auth=auth, user="a")
    assert diagnosis.login(host, SpnegoError(13, context_msg="token")).code == code
