"""What a Windows host is set up with, as data: its files are JSON, and the agent on the host makes them true.

Linux has a program that reads each of these things from a file (systemd, sysctl.d); Windows
has only interfaces to call, so these files say what they are to be called with.  Field names are those of
the cmdlets' parameters where there is one (New-NetFirewallRule, New-Service).
"""

from __future__ import annotations

from typing import Literal

from aksprov.model.base import Value, Wire

# Ours on every Windows host: manifest, objects, lock, and what is described below.
HOME = "C:/ProgramData/aksprov"
SETUP_SCHEMA = 1
CONTAINERD = "C:/Program Files/containerd"  # its own place, and that of the service it registers
PROGRAMS = "C:/k"  # where sig-windows' own scripts put Kubernetes' programs
CNI_BIN = "C:/opt/cni/bin"
IMAGES = f"{HOME}/images"  # archives, until containerd has taken them


class Features(Wire, frozen=True, kw_only=True):
    """Windows features that must be installed; Install-WindowsFeature may ask for a restart."""

    schema: int = SETUP_SCHEMA
    features: tuple[str, ...]


class FirewallRule(Wire, frozen=True, kw_only=True):
    """An inbound rule that allows, in every profile.

    Args:
        name: its identity; ours begin with "aksprov-".
        local_port: "10250" or "30000-32767".
        remote_address: "Any", or a CIDR.
    """

    name: str
    display_name: str
    protocol: Literal["TCP", "UDP"]
    local_port: str
    remote_address: str = "Any"


class Firewall(Wire, frozen=True, kw_only=True):
    """The firewall rules that are ours."""

    schema: int = SETUP_SCHEMA
    rules: tuple[FirewallRule, ...]


class Link(Wire, frozen=True, kw_only=True):
    """A symbolic link to a folder."""

    path: str
    target: str


class Service(Wire, frozen=True, kw_only=True):
    """A native service of the account LocalSystem.

    Args:
        binary_path_name: the whole command line, as CreateService takes it: the program in
            double quotes, then plain words.
        depends_on: names of services that start first.
        startup_type: Automatic, or Manual for one that a task starts.
        restart_seconds: how long after a failure it is started again.
    """

    name: str
    display_name: str
    binary_path_name: str
    depends_on: tuple[str, ...] = ()
    startup_type: Literal["Automatic", "Manual"] = "Automatic"
    restart_seconds: int = 10


class Task(Wire, frozen=True, kw_only=True):
    """A scheduled task that runs a script as SYSTEM, at start-up and then again and again.

    One run at a time; a run that takes longer than ``limit_minutes`` is ended, with 0 none is.

    Args:
        script: path of a .ps1 file, run by Windows PowerShell without a profile.
    """

    name: str
    script: str
    every_minutes: int = 1
    limit_minutes: int = 5


class Services(Wire, frozen=True, kw_only=True):
    """Services and tasks, and the folders that they expect."""

    schema: int = SETUP_SCHEMA
    folders: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    services: tuple[Service, ...] = ()
    tasks: tuple[Task, ...] = ()


class LongStep(Value, frozen=True, kw_only=True):
    """What may take minutes, so that a scheduled task runs it.

    Args:
        unit: the task's name, which begins with "aksprov-step-".
        script: PowerShell; it gets the values as JSON, and ends with its exit code in run\\UNIT.result.
        values: none of them is a secret.
    """

    unit: str
    script: str
    values: dict[str, str | tuple[str, ...]]
