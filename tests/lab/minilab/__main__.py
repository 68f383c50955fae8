"""Command line: `python -m minilab up cp1 cp2 lb1`, then ssh, run, status, off, cut, on, down."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from minilab import baseroot
from minilab.lab import Lab
from minilab.machine import missing
from minilab.spec import HostOptions, LabError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="minilab", description=__doc__)
    parser.add_argument("--state", type=Path, default=Path(".minilab"), help="the lab's directory (%(default)s)")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check", help="say what this machine lacks")
    up = verbs.add_parser("up", help="make a lab that stays until `down`")
    up.add_argument("names", nargs="+", metavar="NAME[=ADDRESS]")
    up.add_argument("--network", default="10.77.0.0/16")
    for verb in (up, verbs.add_parser("build", help="build the shared Debian root now")):
        verb.add_argument("--suite", choices=baseroot.SUITES, default=baseroot.SUITES[0])
        verb.add_argument("--package", action="append", default=[], help="one more Debian package")
    verbs.add_parser("down", help="remove the lab")
    verbs.add_parser("status", help="list hosts")
    for name, text in {"off": "power off", "cut": "pull the plug", "on": "boot"}.items():
        verbs.add_parser(name, help=text).add_argument("name")
    ssh = verbs.add_parser("ssh", help="ssh NAME [COMMAND...]")
    ssh.add_argument("name")
    for verb in (ssh, verbs.add_parser("run", help="run a program of this machine in the lab's network")):
        verb.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def _use(arguments: argparse.Namespace, lab: Lab) -> None:
    if arguments.verb == "status":
        for name, host in lab.status().items():
            print(f"{name:16} {lab[name].ip:16} {host['state']:9} boots {host['boots']}")
    elif arguments.verb == "down":
        lab.down()
    elif arguments.verb == "on":
        lab[arguments.name].on()
    elif arguments.verb in ("off", "cut"):
        lab[arguments.name].off(cut=arguments.verb == "cut")
    else:
        ssh = ["ssh", "-F", str(lab.ssh_config), arguments.name] if arguments.verb == "ssh" else []
        command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
        argv = lab.inside([*ssh, *command])
        os.execvp(argv[0], argv)


def main() -> int:
    """Exit code 0, or 1 where `check` found something missing."""
    arguments = _parser().parse_args()
    state = arguments.state.resolve()
    if arguments.verb == "check":
        why = missing()
        print("\n".join(why) or "ok")
        return bool(why)
    if arguments.verb == "build":
        print(baseroot.ensure(arguments.suite, arguments.package))
    elif arguments.verb == "up":
        hosts: list[HostOptions] = []
        for text in arguments.names:
            name, _, ip = text.partition("=")
            hosts.append({"name": name, "ip": ip} if ip else {"name": name})
        lab = Lab(
            hosts,
            network=arguments.network,
            suite=arguments.suite,
            packages=arguments.package,
            state=state,
            keep=True,
        ).up()
        print(json.dumps({name: host.ip for name, host in lab.hosts.items()}))
        print(f"ssh -F {lab.ssh_config} (inside `run`)")
    else:
        _use(arguments, Lab.attach(state))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (LabError, FileNotFoundError) as error:
        sys.exit(f"minilab: {error}")
