"""What a host has besides us that matters before Kubernetes starts on it, at one moment; never recorded."""

from __future__ import annotations

from aksprov.model.base import Value


class Listener(Value, frozen=True, kw_only=True):
    """A TCP socket that listens.

    Args:
        address: as ss shows it, e.g. "0.0.0.0", "*" or "[::]".
        process: its owner's name and pid, "nginx (pid 812)"; "" where the kernel does not say.
    """

    address: str
    port: int
    process: str = ""


class Route(Value, frozen=True, kw_only=True):
    """A route of the main table that is none of a default.

    Args:
        prefix: in CIDR form.
        gateway: "" where the hosts of the prefix are on the link itself.
    """

    prefix: str
    device: str
    gateway: str = ""


class Service(Value, frozen=True, kw_only=True):
    """How systemd starts a program.

    Args:
        drop_ins: paths, in the order that they are read.
        command: what its ExecStart gives the program, its name included; variables as they are written.
        environment: what its unit sets.
    """

    drop_ins: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}


class Situation(Value, frozen=True, kw_only=True):
    """What only counts now.  Whatever is not known is empty: nothing is wrong with it.

    Args:
        begun: how far our own Kubernetes is here: "", "begun" or "done"; then listeners, routes and remains are not
            asked for.
        clock_off: seconds by which the host's clock is ahead of the controller's; None where that is not known.
        modules: kernel modules that cannot be loaded -> what modprobe says.
        controllers: of cgroups that the kernel has switched on.
        swaps: what is swapped to now.
        swap_sources: files, with their lines where there are many, that bring swap back at a boot.
        cni_files: names in /etc/cni/net.d that a runtime reads.
        remains: paths and rules that a Kubernetes has left, or has.
        name_servers: of /etc/resolv.conf.
        resolved: whether systemd-resolved writes a file of its own with the servers that it asks.
        environment: what every login and every service gets: place -> variables.
        kubelet_defaults: variables of the files that kubeadm's drop-in reads.
        containerd_configuration: the text of config.toml where it is not ours.
        package_lock: who holds the package manager's lock, "unattended-upgr (pid 812)".
    """

    begun: str = ""
    clock_off: float | None = None
    modules: dict[str, str] = {}
    controllers: frozenset[str] = frozenset()
    swaps: tuple[str, ...] = ()
    swap_sources: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    routes: tuple[Route, ...] = ()
    cni_files: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    resolved: bool = False
    environment: dict[str, dict[str, str]] = {}
    services: dict[str, Service] = {}
    kubelet_defaults: dict[str, str] = {}
    containerd_configuration: str = ""
    package_lock: str = ""
