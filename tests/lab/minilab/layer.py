"""The files that every host of one lab shares: a read-only layer between the Debian root and the host's own."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

from minilab import sysns
from minilab.spec import LabSpec

# Kernel features that provisioning asks modprobe for: configuration option, and module path below kernel/.
_FEATURES = {
    "OVERLAY_FS": "fs/overlayfs/overlay",
    "BRIDGE_NETFILTER": "net/bridge/br_netfilter",
    "BRIDGE": "net/bridge/bridge",
    "NF_CONNTRACK": "net/netfilter/nf_conntrack",
    "IP_SET": "net/netfilter/ipset/ip_set",
    "NF_NAT": "net/netfilter/nf_nat",
    "VXLAN": "drivers/net/vxlan/vxlan",
    "IP_VS": "net/netfilter/ipvs/ip_vs",
    "IP_VS_RR": "net/netfilter/ipvs/ip_vs_rr",
    "IP_VS_WRR": "net/netfilter/ipvs/ip_vs_wrr",
    "IP_VS_SH": "net/netfilter/ipvs/ip_vs_sh",
    "NET_IPIP": "net/ipv4/ipip",
    "WIREGUARD": "drivers/net/wireguard/wireguard",
    "VETH": "drivers/net/veth",
    "TUN": "drivers/net/tun",
    "DUMMY": "drivers/net/dummy",
    "NETFILTER_XT_SET": "net/netfilter/xt_set",
    "NF_TABLES": "net/netfilter/nf_tables",
}


def write(layer: Path, spec: LabSpec) -> None:
    """Fill the layer: the caller's SSH key, the names of all hosts, sshd's options, a list of built-in modules."""
    _put(layer, "etc/hosts", spec.etc_hosts)
    if spec.sshd_config:
        _put(layer, "etc/ssh/sshd_config.d/lab-options.conf", spec.sshd_config)
    for home, owner in (("root", 0), ("home/ops", 1000)):
        _put(layer, f"{home}/.ssh/authorized_keys", spec.public_key)
        for path in (home, f"{home}/.ssh", f"{home}/.ssh/authorized_keys"):
            os.chown(layer / path, owner, owner)
        (layer / home).chmod(0o700)
        (layer / home / ".ssh").chmod(0o700)
    if not Path("/lib/modules", os.uname().release).is_dir():  # else each host sees the machine's
        _write_modules(layer, Path(spec.lower))


def _put(layer: Path, path: str, text: str) -> None:
    target = layer / path
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    target.write_text(text)


def _write_modules(layer: Path, lower: Path) -> None:
    """List what a kernel without modules has built in.

    Without /lib/modules `modprobe overlay` fails although overlayfs is there; with the list, built-in features
    succeed and absent ones still fail.
    """
    release = os.uname().release
    try:
        with gzip.open("/proc/config.gz", "rt") as file:
            config = file.read()
    except OSError:
        return
    built_in = [f"kernel/{path}.ko\n" for option, path in _FEATURES.items() if f"\nCONFIG_{option}=y\n" in config]
    _put(layer, f"usr/lib/modules/{release}/modules.builtin", "".join(built_in))
    _put(layer, f"usr/lib/modules/{release}/modules.order", "")
    (layer / "lib").symlink_to("usr/lib")
    # modprobe reads binary indexes: let the Debian root's own depmod write them
    sysns.bind(layer, lower / "mnt")  # seen in the lab's mount namespace only
    subprocess.run(["chroot", lower, "depmod", "-b", "/mnt", release], stderr=subprocess.DEVNULL, check=False)
    sysns.umount(lower / "mnt")
