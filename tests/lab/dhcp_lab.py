"""A lab's segment with DHCP: dnsmasq on the machine's side, systemd-networkd on the hosts'."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from configured import eventually
from minilab import Host, Lab

# networkd leaves eth0 alone, as no file names it.  The server tells hosts by the addresses of their cards.
_NETWORKD = """[Match]
Name=eth1
[Network]
DHCP=ipv4
LinkLocalAddressing=no
[DHCPv4]
ClientIdentifier=mac
UseRoutes=no
UseDNS=no
"""


class Server:
    """A DHCP server on one bridge.

    Args:
        net: the first three octets of its /24; it is .1 itself and hands out .50 to .99, and what hosts are given.
        directory: for its files.
    """

    def __init__(self, lab: Lab, bridge: str, net: str, directory: Path) -> None:
        self.lab, self.bridge, self.net = lab, bridge, net
        self._hosts, self._leases = directory / f"{bridge}-hosts", directory / f"{bridge}-leases"
        self._given: dict[str, str] = {}
        self._hosts.touch()
        lab.run(["ip", "address", "add", f"{net}.1/24", "dev", bridge])
        self._process = subprocess.Popen(
            lab.inside(
                [
                    *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file="),
                    *("--port=0", f"--interface={bridge}", "--bind-interfaces", "--log-facility=/dev/null"),
                    *("--dhcp-authoritative", f"--dhcp-range={net}.50,{net}.99,2m"),
                    *(f"--dhcp-hostsfile={self._hosts}", f"--dhcp-leasefile={self._leases}"),
                ]
            )
        )

    def give(self, **addresses: str) -> None:
        """From now on, these hosts get these addresses: ``w1="10.78.0.51"``."""
        self._given |= addresses
        macs = {name: mac(self.lab[name]) for name in self._given}
        self._hosts.write_text("".join(f"{macs[name]},{address}\n" for name, address in self._given.items()))
        self._process.send_signal(signal.SIGHUP)  # reads the file again, and clears nothing

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)


@contextmanager
def serving(lab: Lab, bridge: str, net: str, directory: Path) -> Iterator[Server]:
    """A server for the length of the body."""
    server = Server(lab, bridge, net, directory)
    try:
        yield server
    finally:
        server.stop()


def mac(host: Host) -> str:
    """Of its eth1."""
    return host.shell("cat /sys/class/net/eth1/address").stdout.strip()


def use_dhcp(host: Host) -> None:
    """eth1 gets its address by DHCP from now on."""
    host.write("/etc/systemd/network/50-eth1.network", _NETWORKD)
    host.shell("systemctl start systemd-networkd")


def lease(host: Host) -> str:
    """The address that its eth1 has by DHCP now, "" for none."""
    words = host.shell("ip -o -4 address show dev eth1").stdout.split()
    return words[3].partition("/")[0] if "dynamic" in words else ""


def renew(host: Host, address: str) -> None:
    """Ask for a lease anew, as after a cut or a reboot, and wait for the address that the server has for it."""
    host.shell("networkctl reconfigure eth1")
    eventually(lambda: lease(host), lambda found: found == address, 30)


def plug(host: Host, bridge: str) -> None:
    """Plug its eth1 in elsewhere: another switch port, another VLAN."""
    host.lab.run(["ip", "link", "set", f"{host.spec.veth}b", "master", bridge])
