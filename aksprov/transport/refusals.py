"""The words of a host's script turned into an error with a cause and a cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aksprov.errors import HostError

# code -> (what happened to HOST in STEP, what to do)
MEANINGS: dict[str, tuple[str, str]] = {
    "AnswerUnreadable": (
        "the answer of {host} cannot be read",
        "run the command again; when it happens again, look for a full disk or memory on the host",
    ),
    "StreamCut": (
        "what was sent to {host} did not arrive whole",
        "run the command again; nothing was changed",
    ),
    "StagingFailed": (
        "{host} cannot take the new files",
        "make room or make the file system writable (df -h, df -i, mount), then run the command again",
    ),
    "OwnerRefused": (
        "files on {host} cannot get their owner or mode",
        "install the package that makes that user or group, and use become: sudo where the user is not root",
    ),
    "TargetRefused": (
        "a file on {host} cannot be replaced",
        "move away what is in the way (a link's target, a mount, chattr -i for an immutable file), then run again",
    ),
    "HostLocked": (
        "another run is changing {host}",
        "wait for it to end; a lock whose process is gone is taken over by itself",
    ),
    "HostNotRoot": (
        "we are not root on {host}",
        "connect as root, or set become: sudo for the host in the inventory",
    ),
    "HostEpochRefused": (
        "{host} was given to a later run, this one may not change it any more",
        "run the command again: a new run gets a new epoch",
    ),
    "HostOwnedByOtherState": (
        "{host} is managed from another state",
        "use that state (AKSPROV_STATE), or, when it is gone for good: aksprov adopt --name {host}",
    ),
    "HostChangedMeanwhile": (
        "{host} was changed while it was looked at",
        "run the command again: it looks at the host anew",
    ),
    "HostToolMissing": (
        "{host} lacks a program",
        "install it on the host with its package manager",
    ),
    "ModuleRefused": (
        "{host} cannot load a kernel module",
        "install the kernel's package of modules, or boot the kernel that is installed",
    ),
    "SysctlRefused": (
        "{host} does not take a kernel setting",
        "see that the kernel has it (its module loaded) and that nothing makes /proc/sys read-only",
    ),
    "ConfigRefused": (
        "{step} on {host} refuses its new configuration",
        "the old one is in force; when the reason is on the host (an interface, a certificate), mend it and run again",
    ),
    "ReloadFailed": (
        "{step} on {host} cannot be reloaded",
        "the old configuration is in force; see journalctl -u {step} on the host",
    ),
    "NotListening": (
        "{step} on {host} does not listen where it should",
        "the old configuration is in force; see who has the address: ss -ltnp on the host",
    ),
    "AddressNotSet": (
        "{host} did not take the address that it was to be given",
        "it is as it was; see networkctl status and journalctl -u systemd-networkd on the host",
    ),
    "UnitUnstable": (
        "{step} on {host} died soon after its reload",
        "the old configuration is in force; see journalctl -u {step} on the host",
    ),
    "SwapBroken": (
        "{host} broke down in the middle of a change since we last looked",
        "run the command again: the change is put back first",
    ),
    "SwapFailed": (
        "{host} cannot put the new files in place",
        "the old ones are in force; look at the file system (df, mount), then run the command again",
    ),
    "SwapLogUnreadable": (
        "/var/lib/aksprov/swap.log on {host} is not as it was written, so a change that broke off cannot be put back",
        "on the host, rename files NAME.aksprov-old that lie beside ours back to NAME "
        "(find /etc -name '.*.aksprov-old'), remove /var/lib/aksprov/swap.log, then run the command again",
    ),
    "HostLeftHalf": (
        "{host} could not put everything back",
        "mend the host; the next command tries again from /var/lib/aksprov/swap.log",
    ),
}


def refusal(
    host: str, failures: Sequence[tuple[str, str, str]], meanings: Mapping[str, tuple[str, str]] = MEANINGS
) -> HostError:
    """The error for a delivery that failed.

    Args:
        failures: (step, code, text of the host) in order; a second one says that putting
            back failed too, which is then the error that counts.
        meanings: what the codes mean on the host's operating system.
    """
    step, code, _ = failures[-1]
    what, fix = meanings.get(code, meanings["AnswerUnreadable"])
    return HostError(
        code if code in meanings else "AnswerUnreadable",
        what.format(host=host, step=step),
        where=f"{host}, step {failures[0][0]}",
        why="; ".join(said for _, _, said in failures if said),
        fix=fix.format(host=host, step=step),
    )
