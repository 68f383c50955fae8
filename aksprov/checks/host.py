"""The checks of one host on its own: files, kernel settings, programs, services.  Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from aksprov.checks.compile import Answers, Question
from aksprov.checks.confinement import confinement_probe
from aksprov.checks.verdict import Probe, Verdict, failed, passed, skipped, warning
from aksprov.checks.vip import devices_of
from aksprov.checks.windows import windows_probes
from aksprov.facts.kernel_files import Setting, modules, overridden, settings, sysctl_path
from aksprov.model.bundle import Bundle, BundleFile, Reader
from aksprov.model.cluster import Node
from aksprov.model.host import Role
from aksprov.model.programs import LOAD_BALANCER_PROGRAMS

APPLY_AGAIN = "run the same new-cluster command again: it shows the difference and puts it back"
# What a load balancer is made of must be there; what makes a node is needed when Kubernetes is started.
NODE_PROGRAMS = ("containerd", "kubelet", "kubeadm")
NODE_SERVICES = ("containerd", "kubelet")


def host_probes(role: Role, bundle: Bundle) -> tuple[Probe, ...]:
    """Every check of one host in one role."""
    probes = [_files(bundle), *windows_probes(bundle)]
    if wanted := {s.key: s for text in _texts(bundle, "sysctl") for s in settings(text)}:
        probes.append(_sysctls(wanted))
    if names := tuple(name for text in _texts(bundle, "modules") for name in modules(text)):
        probes.append(_kernel_modules(names))
    if role == "load-balancer":
        probes += [_programs(LOAD_BALANCER_PROGRAMS, required=True), confinement_probe()]
        probes += [_service(name, required=True) for name in LOAD_BALANCER_PROGRAMS]
    else:
        probes.append(_programs(NODE_PROGRAMS, required=False))
        probes += [_service(name, required=False) for name in NODE_SERVICES]
    return tuple(probes)


def interface_probe(node: Node) -> Probe:
    """Whether the host still has its address, and a load balancer on the interface that its files name."""
    question = Question(kind="addresses")

    def judge(answers: Answers) -> Verdict:
        devices = devices_of(answers.get(question, ()), node.address)
        if node.interface in devices or (devices and node.role != "load-balancer"):
            return passed(f"{node.address} on {', '.join(devices)}")
        if devices:
            return failed(
                f"{node.address} is on {', '.join(devices)}, and keepalived's files name {node.interface}",
                f"name it {node.interface} again: a file in /etc/systemd/network that ends in .link, with the "
                f"interface's MACAddress= under [Match] and Name={node.interface} under [Link]; then reboot",
            )
        return failed(
            f"no interface has {node.address}, its address in the cluster",
            f"give {node.address} back to {node.interface}; the cluster's other hosts know it by that address",
        )

    return Probe("AddressOnInterface", "Host", (question,), judge)


# ---- files ----


def _files(bundle: Bundle) -> Probe:
    questions = {f.path: Question(kind="file", value=f.path) for f in bundle.files}

    def judge(answers: Answers) -> Verdict:
        wrong = [
            f"{f.path} ({why})"
            for f in bundle.files
            if (why := _difference(f, " ".join(answers.get(questions[f.path], ()))))
        ]
        total = len(bundle.files)
        if wrong:
            return failed(f"{total - len(wrong)} of {total}; differs: {', '.join(wrong)}", APPLY_AGAIN)
        return passed(f"{total} of {total}")

    return Probe("FilesOnHost", "Files", tuple(questions.values()), judge)


def _difference(wanted: BundleFile, answer: str) -> str:
    """How a path differs from what it should be; "" when it does not."""
    kind, *rest = answer.split() or [""]
    if kind != "file" or len(rest) != 3:
        return {"": "no answer", "file": "not readable", "missing": "missing"}.get(kind, f"a {kind}, not a file")
    mode, owner, sha256 = rest
    if wanted.content is not None and sha256 != hashlib.sha256(wanted.content.encode()).hexdigest():
        return "content"
    if mode == "-":  # access lists of Windows are not read back
        return ""
    if mode.zfill(4) != wanted.mode:
        return f"mode {mode.zfill(4)}, not {wanted.mode}"
    return "" if owner == wanted.owner else f"owner {owner}, not {wanted.owner}"


# ---- kernel ----


def _texts(bundle: Bundle, reader: Reader) -> Iterator[str]:
    return (file.content for file in bundle.files if file.reader == reader and file.content)


def _sysctls(wanted: Mapping[str, Setting]) -> Probe:
    questions = {key: Question(kind="lines", value=f"/proc/sys/{sysctl_path(key)}") for key in wanted}
    others = Question(kind="settings")

    def judge(answers: Answers) -> Verdict:
        taken = overridden(wanted.values(), answers.get(others, ()))
        wrong = []
        for key, setting in wanted.items():
            shown = " ".join(" ".join(answers.get(questions[key], ())).split())
            if shown != setting.value and (shown or not setting.optional):
                said = f"{key} is {shown}, not {setting.value}" if shown else f"{key} is not there"
                wrong.append(f"{said} ({taken[key][0]} sets it)" if key in taken else said)
        total = len(wanted)
        if wrong:
            return failed(f"{total - len(wrong)} of {total}; {'; '.join(wrong)}", _cure(taken))
        if taken:
            later = "; ".join(f"{path} sets {key} to {value or 'nothing'}" for key, (path, value) in taken.items())
            return warning(f"{total} of {total} now, but not after the next boot: {later}", _cure(taken))
        return passed(f"{total} of {total}")

    return Probe("Sysctls", "Kernel", (*questions.values(), others), judge)


def _cure(taken: Mapping[str, tuple[str, str]]) -> str:
    if not taken:
        return APPLY_AGAIN
    files = ", ".join(sorted({path for path, _ in taken.values()}))
    return f"take {', '.join(taken)} out of {files}, which is read after ours; then {APPLY_AGAIN}"


def _kernel_modules(names: tuple[str, ...]) -> Probe:
    questions = {name: Question(kind="module", value=name) for name in names}

    def judge(answers: Answers) -> Verdict:
        missing = [name for name in names if not answers.get(questions[name])]
        if missing:
            return failed(
                f"not loaded: {', '.join(missing)}",
                f"run modprobe {missing[0]} on the host; its message says why the kernel refuses",
            )
        return passed(", ".join(f"{name} ({answers[questions[name]][0]})" for name in names))

    return Probe("KernelModules", "Kernel", tuple(questions.values()), judge)


# ---- programs and services ----


def _programs(names: tuple[str, ...], *, required: bool) -> Probe:
    questions = {name: Question(kind="program", value=name) for name in names}

    def judge(answers: Answers) -> Verdict:
        missing = [name for name in names if not answers.get(questions[name])]
        if not missing:
            return passed(", ".join(names))
        details = f"not installed: {', '.join(missing)}"
        if required:
            return failed(details, f"install {' and '.join(missing)} from the host's distribution")
        return skipped(f"{details}; needed when Kubernetes is started")

    return Probe("ProgramsPresent", "Host", tuple(questions.values()), judge)


def _service(name: str, *, required: bool) -> Probe:
    question = Question(kind="unit", value=name)

    def judge(answers: Answers) -> Verdict:
        lines = answers.get(question, ())
        unit = dict(line.split("=", 1) for line in lines if "=" in line)
        active, enabled = unit.get("ActiveState", ""), unit.get("UnitFileState", "")
        if unit.get("LoadState") != "loaded" and not required:
            return skipped(f"{name}: no such service yet; needed when Kubernetes is started")
        if unit.get("LoadState") != "loaded":
            reason = unit.get("LoadState") or " ".join(lines) or "systemctl did not answer"
            return failed(f"{name}: {reason}", f"install {name} and run the same new-cluster command again")
        details = f"{name}: {active} ({unit.get('SubState', '')}), {enabled or 'not enabled'}"
        if active == "active" and enabled == "enabled":
            return passed(f"{name}: active, enabled")
        if required:
            return failed(details, f"look at journalctl -u {name} on the host, then systemctl enable --now {name}")
        return warning(details, f"{name} must run once Kubernetes is started")

    return Probe("ServiceActive", "Services", (question,), judge)
