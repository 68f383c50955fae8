"""Real clients against the host, whose scripts the mini interpreter runs."""

import base64
import hashlib
import pathlib
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests
import winrm
from pypsrp.client import Client
from pypsrp.complex_objects import RunspacePoolState
from pypsrp.exceptions import (
    AuthenticationError,
    WinRMError,
    WinRMTransportError,
    WSManFaultError,
)
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import WSMan

from winrmhost.checks import bundle_upload
from winrmhost.checks.clients import PASSWORD, USER, psrp_kw, serving, winrm_session

# the environment of a machine may name authorities, and pywinrm says that it will not look there for ever
pytestmark = pytest.mark.filterwarnings("ignore:'pywinrm' will use:DeprecationWarning")


@pytest.fixture
def serve(tmp_path):
    yield from serving(tmp_path / "win", pwsh=None)


# transport and authentication -------------------------------------------------


@pytest.mark.parametrize(
    "kw",
    [
        dict(auth="ntlm"),
        dict(auth="negotiate"),
        dict(tls=True, auth="basic"),
        dict(tls=True, auth="negotiate"),
        dict(tls=True, auth="negotiate", encryption="always"),
    ],
    ids=str,
)
def test_pypsrp_auth(host, kw):
    with Client(**psrp_kw(host, **kw)) as c:
        assert c.execute_cmd("echo hi&exit 3") == ("hi\r\n", "", 3)
    sealed = {r["sealed"] for r in host.records if r.get("action") == "Command"}
    assert sealed == {not kw.get("tls") or kw.get("encryption") == "always"}


@pytest.mark.parametrize("name", [r"WINHOST\Administrator", r".\Administrator", "administrator"])
def test_spellings_of_the_user(host, name):
    with Client(**psrp_kw(host, username=name)) as c:
        assert c.execute_cmd("whoami")[0] == "winhost\\administrator\r\n"


@pytest.mark.parametrize(
    "kw", [dict(auth="ntlm"), dict(tls=True, auth="basic"), dict(tls=True, auth="negotiate")], ids=str
)
def test_bad_password(host, kw):
    with Client(**psrp_kw(host, password="wrong", **kw)) as c, pytest.raises(AuthenticationError):
        c.execute_cmd("echo hi")
    with Client(**psrp_kw(host, username="nobody", **kw)) as c, pytest.raises(AuthenticationError):
        c.execute_cmd("echo hi")


def test_channel_bindings(serve):
    host = serve(cbt=True)
    with Client(**psrp_kw(host, tls=True, auth="negotiate")) as c:
        assert c.execute_cmd("echo hi")[2] == 0
    with (
        Client(**psrp_kw(host, tls=True, auth="negotiate", negotiate_send_cbt=False)) as c,
        pytest.raises(AuthenticationError),
    ):
        c.execute_cmd("echo hi")


def test_plaintext_is_refused(serve):
    host = serve()
    assert requests.post(host.http_url, data=b"<a/>", auth=(USER, PASSWORD)).status_code == 401
    with Client(**psrp_kw(host, encryption="never", auth="ntlm")) as c, pytest.raises(WinRMTransportError) as e:
        c.execute_cmd("echo hi")
    assert e.value.code == 500
    assert winrm_session(serve(allow_unencrypted=True), transport="basic").run_cmd("echo", ["hi"]).std_out == b"hi\r\n"


def test_identify(host):
    body = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.dmtf.org/wbem/wsman/identify/1/wsmanidentity.xsd"><s:Header/><s:Body><w:Identify/></s:Body></s:Envelope>'
    r = requests.post(
        host.http_url,
        data=body,
        headers={"WSMANIDENTIFY": "unauthenticated", "Content-Type": "application/soap+xml;charset=UTF-8"},
    )
    assert r.status_code == 200 and "OS: 0.0.0" in r.text
    assert requests.post(host.http_url, data=body).status_code == 401


# WinRS --------------------------------------------------------------------------


def test_winrs_streams_environment_stdin(host):
    with WSMan(**psrp_kw(host)) as w, WinRS(w, environment={"STAGE": "éa"}, codepage=65001) as shell:
        p = Process(shell, "cmd.exe", ["/c", "echo %STAGE%"])
        p.invoke()
        assert p.stdout.decode() == "éa\r\n"
        p = Process(shell, "more")
        p.begin_invoke()
        p.send(b"one", end=False)
        p.send(b"two", end=True)
        p.end_invoke()
        assert p.stdout == b"onetwo" and p.rc == 0
        p.signal(SignalCode.TERMINATE)


@pytest.mark.slow
def test_operation_timeout_is_a_fault_that_clients_ride_out(host):
    with WSMan(**psrp_kw(host, operation_timeout=1)) as w, WinRS(w) as shell:
        p = Process(shell, "ping", ["-n", "4", "127.0.0.1"])
        p.invoke()
        assert p.rc == 0
        with pytest.raises(WSManFaultError) as e:
            shell.receive("stdout", p.id)
        assert e.value.code == 2150858843
    assert sum(r.get("fault") == 2150858793 for r in host.records) >= 2


def test_ctrl_c_stops_a_command(host):
    with WSMan(**psrp_kw(host)) as w, WinRS(w) as shell:
        p = Process(shell, "ping", ["-n", "60", "127.0.0.1"])
        p.begin_invoke()
        start = time.monotonic()
        p.signal(SignalCode.CTRL_C)
        p.end_invoke()
        assert p.rc != 0 and time.monotonic() - start < 5


def test_command_line_limit(host):
    s = winrm_session(host)
    r = s.run_ps("# " + "x" * 4000 + "\n'ok'")
    assert r.status_code == 1 and b"command line is too long" in r.std_err


# PSRP ---------------------------------------------------------------------------


def test_execute_ps_streams(host):
    with Client(**psrp_kw(host)) as c:
        out, streams, failed = c.execute_ps(
            "Write-Output 'héllo ☃'; Write-Warning w1; Write-Error e1; Write-Host h1", environment={"A": "b"}
        )
        assert (out, failed) == ("héllo ☃", False)
        assert (
            [str(x) for x in streams.warning] == ["w1"]
            and [str(x) for x in streams.error] == ["e1"]
            and [str(x.message_data) for x in streams.information] == ["h1"]
        )
        out, streams, failed = c.execute_ps("'before'; throw 'stop here'")
        assert out == "before" and failed and str(streams.error[0]) == "stop here"


def test_runspace_pool(host):
    with WSMan(**psrp_kw(host)) as w, RunspacePool(w, max_runspaces=2) as pool:
        assert pool.get_available_runspaces() == 2 and pool.is_alive()
        pool.exchange_keys()
        with PowerShell(pool) as ps:
            ps.add_script("'a'; 'b'")
            assert ps.invoke() == ["a", "b"]
        ps = PowerShell(pool)
        ps.add_script("Start-Sleep -Seconds 60")
        ps.begin_invoke()
        start = time.monotonic()
        ps.stop()
        assert time.monotonic() - start < 5
        pool.disconnect()
        pool.connect()
        with PowerShell(pool) as ps:
            ps.add_cmdlet("Write-Output").add_parameter("InputObject", "again")
            assert ps.invoke() == ["again"]
        assert len(RunspacePool.get_runspace_pools(w)) == 1


def test_another_client_takes_over_a_disconnected_pool(host):
    first, second = WSMan(**psrp_kw(host)), WSMan(**psrp_kw(host))
    pool = RunspacePool(first)
    pool.open()
    ps = PowerShell(pool)
    ps.add_script("Start-Sleep -Seconds 1; 'kept'")
    ps.begin_invoke()
    pool.disconnect()
    (again,) = RunspacePool.get_runspace_pools(second)
    again.connect()
    (old,) = again.create_disconnected_power_shells()
    assert old.connect() == ["kept"]
    assert PowerShell(again).add_script("'new'").invoke() == ["new"]
    again.close()


@pytest.mark.slow
def test_psrp_operation_timeout(host):
    with WSMan(**psrp_kw(host, operation_timeout=1)) as w, RunspacePool(w) as pool, PowerShell(pool) as ps:
        ps.add_script("Start-Sleep -Milliseconds 2500; 'late'")
        assert ps.invoke() == ["late"]
    assert any(r.get("fault") == 2150858793 for r in host.records)


@pytest.mark.parametrize("size", [0, 1, 65536, 5 << 20])
def test_copy_and_fetch(host, tmp_path, size):
    src, back = tmp_path / "src.bin", tmp_path / "back.bin"
    src.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    with Client(**psrp_kw(host)) as c:
        assert c.copy(str(src), r"C:\Windows\Temp\Über.bin") == r"C:\Windows\Temp\Über.bin"
        c.fetch(r"c:\windows\temp\über.BIN", str(back)) if size else None
    assert not size or back.read_bytes() == src.read_bytes()
    assert max(r.get("out", 0) for r in host.records) < 512_000  # answers keep to the client's MaxEnvelopeSize
    with Client(**psrp_kw(host)) as c, pytest.raises(WinRMError, match="Could not find a part of the path"):
        c.copy(str(src), r"C:\no\such\dir\x.bin")


# quotas and faults ----------------------------------------------------------------


def test_max_shells_per_user(serve):
    host = serve(max_shells_per_user=2)
    with WSMan(**psrp_kw(host)) as w, WinRS(w), WinRS(w):
        with pytest.raises(WSManFaultError, match="maximum number of 2 concurrent shells") as e, WinRS(w):
            pass
        assert e.value.code == 2150859173
    with WSMan(**psrp_kw(host)) as w, WinRS(w):
        pass


def test_max_envelope_size(serve):
    host = serve(max_envelope_kb=150)
    with WSMan(**psrp_kw(host)) as w, RunspacePool(w) as pool:  # pypsrp assumes 500 once protocol 2.2+ is seen
        assert w.max_envelope_size == 512000
        with pytest.raises(WinRMTransportError) as e:
            PowerShell(pool).add_script("# " + "x" * 300_000 + "\n'ok'").invoke()
        assert e.value.code == 413
        pool.state = (
            RunspacePoolState.BROKEN
        )  # the connection is closed with the 413, and NTLM sealing cannot follow to a new one
    with WSMan(**psrp_kw(host)) as w:
        w.update_max_payload_size()  # asks winrm/config for MaxEnvelopeSizekb
        assert w.max_envelope_size == 150 * 1024
        w.max_envelope_size -= 1  # else a size of 150 KiB is again taken for pypsrp's default, and raised to 500
        with RunspacePool(w) as pool:
            assert PowerShell(pool).add_script("# " + "x" * 300_000 + "\n'ok'").invoke() == ["ok"]


def test_commands_per_shell_need_closing(serve):
    host = serve(max_commands_per_shell=5)
    with WSMan(**psrp_kw(host)) as w, RunspacePool(w) as pool:
        for _ in range(12):
            with PowerShell(pool) as ps:
                assert ps.add_script("1").invoke() == [1]
        for _ in range(5):
            PowerShell(pool).add_script("1").invoke()
        with pytest.raises(WSManFaultError, match="concurrent commands per shell"):
            PowerShell(pool).add_script("1").invoke()


def test_operations_of_a_cmd_shell_are_not_given_back(serve):
    host = serve(max_operations_per_user=4)
    p = winrm_session(host).protocol
    sid = p.open_shell()
    for _ in range(4):
        p.cleanup_command(sid, p.run_command(sid, "echo", ["x"]))
    with pytest.raises(winrm.exceptions.WSManFaultError) as e:
        p.run_command(sid, "echo", ["x"])
    assert e.value.wsman_fault_code == 2150859174
    p.close_shell(sid)


def test_object_size_quota(serve):
    host = serve(max_object_bytes=1 << 20)
    asked = {"Sha256": "x", "Destination": "C:\\x"}
    with (
        WSMan(**psrp_kw(host)) as w,
        RunspacePool(w) as pool,
        pytest.raises(WSManFaultError, match="maximum object size"),
    ):
        shell = PowerShell(pool).add_script(bundle_upload.SCRIPT).add_parameters(asked)
        shell.invoke(input=(x for x in ["A" * (2 << 20)]))


def test_data_quota_of_a_pipeline(serve, tmp_path):
    host = serve(max_command_bytes=1 << 20)
    (tmp_path / "big").write_bytes(b"x" * (2 << 20))
    with Client(**psrp_kw(host)) as c:  # its script lifts the quota by reflection
        c.copy(str(tmp_path / "big"), r"C:\Windows\Temp\big")
    with WSMan(**psrp_kw(host)) as w, pytest.raises(WSManFaultError, match="total data received"):
        bundle_upload.send(w, (tmp_path / "big").read_bytes(), r"C:\x")


@pytest.mark.slow
def test_idle_shell_goes(serve):
    host = serve(idle_timeout_s=0.5)
    with WSMan(**psrp_kw(host)) as w:
        pool = RunspacePool(w)
        pool.open()
        time.sleep(2.5)
        assert not pool.is_alive()


@pytest.mark.slow
@pytest.mark.parametrize(
    "kw, lives",
    [(dict(auth="ntlm"), False), (dict(tls=True, auth="negotiate"), True), (dict(tls=True, auth="basic"), True)],
    ids=str,
)
def test_idle_connection_closed_by_the_server(serve, kw, lives):
    """HTTP.sys closes idle connections; with NTLM sealing over HTTP, pypsrp 0.9.1 does not get over it."""
    host = serve(keepalive_s=0.5)
    w = WSMan(**psrp_kw(host, **kw))
    pool = RunspacePool(w)
    pool.open()
    time.sleep(1.5)
    if lives:
        assert PowerShell(pool).add_script("1").invoke() == [1]
        pool.close()
    else:
        with pytest.raises(WinRMTransportError) as e:
            PowerShell(pool).add_script("1").invoke()
        assert e.value.code == 400


def test_dropped_connection(serve):
    host = serve(drop_after=9)
    with (
        WSMan(**psrp_kw(host)) as w,
        pytest.raises((requests.exceptions.ConnectionError, WinRMError, AuthenticationError)),
    ):
        for _ in range(4):
            with RunspacePool(w) as pool:
                PowerShell(pool).add_script("1").invoke()


# pywinrm and testinfra ------------------------------------------------------------


@pytest.mark.parametrize(
    "kw",
    [
        dict(transport="ntlm"),
        dict(tls=True, transport="ntlm"),
        dict(tls=True, transport="basic"),
        dict(tls=True, transport="ssl"),
    ],
    ids=str,
)
def test_pywinrm(host, kw):
    s = winrm_session(host, **kw)
    r = s.run_cmd("echo", ["hi"])
    assert (r.std_out, r.std_err, r.status_code) == (b"hi\r\n", b"", 0)
    r = s.run_ps("$ProgressPreference = 'SilentlyContinue'; 'öut'; exit 4")
    assert (r.std_out.decode("cp437"), r.std_err, r.status_code) == ("öut\r\n", b"", 4)
    r = s.run_ps("Write-Error 'boom'")
    assert b"boom" in r.std_err
    r = s.run_ps("Write-Output x")  # the well known noise: progress records on stderr though all went well
    assert r.status_code == 0 and r.std_err.startswith(b"#< CLIXML")


def test_pywinrm_bad_password(host):
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        winrm.Session(host.http_url, auth=(USER, "no"), transport="ntlm").run_cmd("ver")


@pytest.mark.slow
def test_pywinrm_timeout(host):
    r = winrm_session(host, operation_timeout_sec=1, read_timeout_sec=3).run_cmd("ping", ["-n", "4", "127.0.0.1"])
    assert r.status_code == 0


@pytest.mark.parametrize("tls", [True, False])
def test_testinfra(host, tls):
    import testinfra

    port = urlsplit(host.https_url if tls else host.http_url).port
    query = "no_verify_ssl=true" if tls else "no_ssl=true"
    h = testinfra.get_host(f"winrm://{USER}:Passw0rd!@127.0.0.1:{port}?{query}")
    assert h.run("hostname").stdout.strip() == "WINHOST"
    assert h.run("exit 7").rc == 7


# the bundle ---------------------------------------------------------------------


def test_bundle(host, tmp_path):
    src = tmp_path / "bundle"
    (src / "sub dir").mkdir(parents=True)
    (src / "a.ps1").write_text("'a'")
    (src / "sub dir" / "ü.txt").write_bytes(b"\0\1" * 200_000)
    with WSMan(**psrp_kw(host)) as w:
        answer = bundle_upload.send(w, bundle_upload.make_zip(src), r"%ProgramData%\kit\bundle")
    assert answer["files"] == 2
    got = host.fs(USER).path(r"C:\ProgramData\kit\bundle\sub dir\ü.txt").read_bytes()
    assert hashlib.sha256(got).digest() == hashlib.sha256(b"\0\1" * 200_000).digest()


def test_many_clients(host):
    seen = []

    def one():
        with Client(**psrp_kw(host)) as c:
            seen.append(c.execute_cmd("echo hi")[2])

    threads = [threading.Thread(target=one) for _ in range(20)]
    [t.start() for t in threads]
    [t.join(30) for t in threads]
    assert seen == [0] * 20


def test_encoded_powershell_and_stdin(host):
    p = winrm_session(host).protocol
    sid = p.open_shell(codepage=65001)
    enc = base64.b64encode("'ünï'".encode("utf-16-le")).decode()
    cid = p.run_command(sid, "powershell.exe", ["-NoProfile", "-EncodedCommand", enc])
    assert p.get_command_output(sid, cid) == ("ünï\r\n".encode(), b"", 0)
    cid = p.run_command(sid, "powershell.exe", ["-NoProfile", "-Command", "-"])
    p.send_command_input(sid, cid, b"'from stdin'\nexit 5", end=True)
    assert p.get_command_output(sid, cid) == (b"from stdin\r\n", b"", 5)
    p.close_shell(sid)


# a real pwsh, here a stand-in that speaks its out-of-process framing ---------------


@pytest.fixture()
def pwsh(tmp_path):
    path = tmp_path / "pwsh"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {pathlib.Path(__file__).parent / "fake_pwsh.py"} "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.slow
def test_pwsh_executor(serve, pwsh):
    host = serve(pwsh=pwsh)
    with Client(**psrp_kw(host)) as c:
        assert c.execute_ps("$env:COMPUTERNAME")[0] == "FAKEPWSH"
        out, streams, failed = c.execute_ps("'before'; throw 'no'")
        assert (out, failed, str(streams.error[0])) == ("before", True, "no")
    with WSMan(**psrp_kw(host)) as w, RunspacePool(w) as pool:
        for n in range(3):
            with PowerShell(pool) as ps:
                assert ps.add_script(f"'{n}'").invoke() == [str(n)]
        ps = PowerShell(pool)
        ps.add_script("# " + "x" * 600_000 + "\nStart-Sleep -Seconds 60")
        ps.begin_invoke()
        start = time.monotonic()
        ps.stop()
        assert time.monotonic() - start < 5
    r = winrm_session(host).run_ps("'one'; exit 6")
    assert (r.std_out.strip(), r.status_code) == (b"one", 6)
