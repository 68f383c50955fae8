"""Stands for kubeadm.exe, kubelet.exe, containerd.exe and others of a pretended Windows host, by its own name.

Each checks its arguments and what it reads, and writes what the real one writes; what they are not known to be
called with fails.  Beside the drives, in .standin: ca.crt of the cluster that there is, calls (what kubeadm was called
with), and what a test puts there: fail (a text that kubeadm join ends with), pause (join waits while it is there).
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import yaml

ROOT = Path(os.environ["WINRMHOST_ROOT"])
OURS = ROOT / ".standin"
SOCKET = "npipe:////./pipe/containerd-containerd"
VERSION = "v1.36.4"


def place(path: str) -> Path:
    """Where a file of drive C: is."""
    return ROOT / "C" / path.replace("\\", "/").removeprefix("C:/").lstrip("/")


CONF = place("/etc/kubernetes")
KUBELET = place("/var/lib/kubelet")


def die(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    sys.exit(1)


def demand(true: object, text: str) -> None:
    if not true:
        die(f"error: {text}")


def service(name: str, status: str | None = None) -> dict[str, Any]:
    """A service of Windows, brought to a state; through the same lock as everybody else."""
    folder = Path(os.environ["WINRMHOST_STATE"])
    with open(folder / "windows.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads((folder / "windows.json").read_text())
        found: dict[str, Any] = state["services"][name]
        if status:
            found["status"] = status
            (folder / "windows.json").write_text(json.dumps(state))
        return found


def kubeadm(arguments: list[str]) -> None:
    with (OURS / "calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    match arguments:
        case ["version", "-o", "short"]:
            print(VERSION)
        case ["config", "validate", "--help"]:
            print("Read a file ...")
        case ["config", "validate", "--config", file]:
            demand(
                yaml.safe_load(place(file).read_text())["kind"] == "JoinConfiguration", f"{file} is another document"
            )
        case ["join", "--config", file, *more]:
            demand(all(word == "--ignore-preflight-errors=ImagePull" for word in more), f"unknown flags {more}")
            join(file)
        case ["reset", "-f", "--kubeconfig", "C:\\nonexistent", "--cri-socket", socket]:
            demand(socket == SOCKET, f"no runtime at {socket}")
            reset()
        case _:
            die(f"unknown command {arguments}")


def join(file: str) -> None:
    document = yaml.safe_load(place(file).read_text())
    bootstrap = document["discovery"]["bootstrapToken"]
    print(f"[preflight] Running pre-flight checks with {bootstrap['token']}", flush=True)
    demand(os.environ["USERNAME"] == "SYSTEM", "it needs an administrator")
    demand(document["kind"] == "JoinConfiguration" and "controlPlane" not in document, "a Windows node is a worker")
    demand(re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", bootstrap["token"]), "the token is none")
    demand(bootstrap["caCertHashes"] == [f"sha256:{public_key_hash()}"], "cluster CA found in cluster-info is invalid")
    demand(document["nodeRegistration"]["criSocket"] == SOCKET, "the runtime's socket is another one")
    demand(service("containerd")["status"] == "Running", "[ERROR CRI]: container runtime is not running")
    for name in ("kubelet.conf", "bootstrap-kubelet.conf", "pki/ca.crt"):
        demand(not (CONF / name).exists(), f"[ERROR FileAvailable--etc-kubernetes-{name}]: it already exists")
    (CONF / "pki").mkdir(parents=True, exist_ok=True)
    shutil.copy(OURS / "ca.crt", CONF / "pki/ca.crt")
    KUBELET.mkdir(parents=True, exist_ok=True)
    (CONF / "bootstrap-kubelet.conf").write_text(f"# token: {bootstrap['token']}\n")
    (KUBELET / "config.yaml").write_text("kind: KubeletConfiguration\n")
    (KUBELET / "kubeadm-flags.env").write_text('KUBELET_KUBEADM_ARGS=""\n')
    while (OURS / "pause").exists():
        time.sleep(0.05)
    if (OURS / "fail").exists():
        die(f"{(OURS / 'fail').read_text()} {bootstrap['token']}")
    line = service("kubelet", "Running")["binary"]
    kubelet(line[line.index("kubelet.exe ") + len("kubelet.exe ") :].split())
    (CONF / "bootstrap-kubelet.conf").unlink()
    print("This node has joined the cluster")


def public_key_hash() -> str:
    """As kubeadm pins a CA: SHA-256 of its public key, DER."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_pem_x509_certificate((OURS / "ca.crt").read_bytes()).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def reset() -> None:
    service("kubelet", "Stopped")
    for folder in (KUBELET, CONF / "pki", CONF / "manifests"):
        for entry in folder.iterdir() if folder.is_dir() else ():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    for name in ("kubelet.conf", "bootstrap-kubelet.conf"):
        (CONF / name).unlink(missing_ok=True)
    print("[reset] Deleting contents of directories")


def kubelet(arguments: list[str]) -> None:
    """Joins by TLS bootstrap, as a service; then the network plugin's pod makes its network."""
    flags = dict(word.removeprefix("--").partition("=")[::2] for word in arguments)
    demand("windows-service" in flags and flags["cgroups-per-qos"] == "false", f"flags {flags}")
    demand(flags["container-runtime-endpoint"] == SOCKET, "no runtime")
    demand(place(flags["config"]).is_file(), "there is no configuration")
    demand(place(flags["bootstrap-kubeconfig"]).is_file(), "nothing to bootstrap with")
    authority = base64.b64encode((CONF / "pki/ca.crt").read_bytes()).decode()
    place(flags["kubeconfig"]).write_text(f"certificate-authority-data: {authority}\n")
    (place(flags["cert-dir"])).mkdir(parents=True, exist_ok=True)
    (place(flags["cert-dir"]) / "kubelet-client-current.pem").write_text("a certificate and its key\n")
    with open(Path(os.environ["WINRMHOST_STATE"]) / "windows.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = Path(os.environ["WINRMHOST_STATE"]) / "windows.json"
        state = json.loads(file.read_text())
        state["hns"]["1"] = {"ID": "1", "Name": "Calico", "Type": "Overlay"}
        file.write_text(json.dumps(state))


def main() -> None:
    name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    if arguments == ["--version"]:
        print("containerd v2.2.0" if name == "containerd.exe" else f"{name} {VERSION}")
    elif name == "kubeadm.exe":
        kubeadm(arguments)
    elif name == "containerd.exe" and arguments[:1] == ["-c"] and arguments[2:] == ["config", "dump"]:
        demand("version = " in place(arguments[1]).read_text(), "no configuration")
    else:
        die(f"{name} is not called with {arguments}")


if __name__ == "__main__":
    main()
