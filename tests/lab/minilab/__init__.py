"""Real Debian hosts (systemd as PID 1, sshd, HAProxy, keepalived) made of Linux namespaces over one shared root.

No container engine, no registry, no virtual machine; standard library only, root needed.  Seven hosts boot in about
a second.  README.md in this folder says how to use it, how it works and what it taught.
"""

from minilab.lab import MANY_LOGINS, Host, Lab
from minilab.machine import missing
from minilab.spec import RUNTIME, HostOptions, LabError

__all__ = ["MANY_LOGINS", "RUNTIME", "Host", "HostOptions", "Lab", "LabError", "missing"]
