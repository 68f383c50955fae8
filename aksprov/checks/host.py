"""The checks of one host on its own: files, kernel settings, programs, services.  Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from aksprov.checks.compile import Answers, Question
from aksprov.checks.verdict import Probe, Verdict, failed, passed, skipped, warning
from aksprov.model.bundle import Bundle, BundleFile, Reader
from aksprov.model.host import Role

APPLY_AGAIN = "run the same new-cluster command again: it shows the difference and puts it back"
# What a load balancer is made of must be there; what makes a node is installed when Kubernetes is started.
LOAD_BALANCER_PROGRAMS = ("haproxy", "keepalived")
NODE_PROGRAMS = ("containerd", "kubelet", "kubeadm")
NODE_SERVICES = ("containerd", "kubelet")


def host_probes(role: Role, bundle: Bundle) -> tuple[Probe, ...]:
    """Every check of one host in one role."""
    probes = [_files(bundle)]
    if settings := dict(_settings(bundle)):
        probes.append(_sysctls(settings))
    if modules := tuple(_modules(bundle)):
        probes.append(_kernel_modules(modules))
    if role == "load-balancer":
        probes.append(_programs(LOAD_BALANCER_PROGRAMS, required=True))
        probes += [_service(name, required=True) for name in LOAD_BALANCER_PROGRAMS]
    else:
        probes.append(_programs(NODE_PROGRAMS, required=False))
        probes += [_service(name, required=False) for name in NODE_SERVICES]
    return tuple(probes)


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
    if mode.zfill(4) != wanted.mode:
        return f"mode {mode.zfill(4)}, not {wanted.mode}"
    return "" if owner == wanted.owner else f"owner {owner}, not {wanted.owner}"


# ---- kernel ----


def _lines(bundle: Bundle, reader: Reader) -> Iterator[str]:
    """Lines that say something, of the bundle's files for one reader (sysctl.d(5), modules-load.d(5))."""
    for file in bundle.files:
        if file.reader == reader and file.content:
            for line in file.content.splitlines():
                if line.strip() and line.strip()[0] not in "#;":
                    yield line.strip()


def _settings(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """Sysctl key -> value; the last one counts, a leading hyphen only excuses a failure."""
    for line in _lines(bundle, "sysctl"):
        key, equals, value = line.partition("=")
        if equals:
            yield key.strip().removeprefix("-").strip(), " ".join(value.split())


def _modules(bundle: Bundle) -> Iterable[str]:
    """Names of modules as the kernel writes them: with underscores."""
    return (line.replace("-", "_") for line in _lines(bundle, "modules"))


def sysctl_path(key: str) -> str:
    """Where a key is under /proc/sys: its first separator decides what "." and "/" mean (sysctl.d(5))."""
    first = next((c for c in key if c in "./"), "/")
    path = key.translate(str.maketrans("./", "/.")) if first == "." else key
    return f"/proc/sys/{path}"


def _sysctls(settings: dict[str, str]) -> Probe:
    questions = {key: Question(kind="lines", value=sysctl_path(key)) for key in settings}

    def judge(answers: Answers) -> Verdict:
        wrong = []
        for key, value in settings.items():
            shown = " ".join(" ".join(answers.get(questions[key], ())).split())
            if shown != value:
                wrong.append(f"{key} is {shown}, not {value}" if shown else f"{key} is not there")
        total = len(settings)
        if wrong:
            return failed(
                f"{total - len(wrong)} of {total}; {'; '.join(wrong)}",
                "run sysctl --system on the host; when that does not help, a file in /etc/sysctl.d or "
                "/usr/lib/sysctl.d that sorts after ours sets the key, too",
            )
        return passed(f"{total} of {total}")

    return Probe("Sysctls", "Kernel", tuple(questions.values()), judge)


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
