"""The checks of a Windows host, beside those that every host has: features, firewall, tasks, networks.  Pure.

What should be there is read from the files that describe it (:mod:`aksprov.model.windows`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from aksprov.checks.compile import Answers, Question
from aksprov.checks.verdict import Probe, Verdict, failed, passed, skipped
from aksprov.model.bundle import Bundle
from aksprov.model.windows import HOME, Features, Firewall, FirewallRule, Services

APPLY_AGAIN = "run the same new-cluster command again: it sets up what is missing"
# The network plugins' names for their HNS networks begin so.
_NETWORKS = ("Calico", "flannel.")
NO_NETWORK_CURE = (
    "Calico: kubectl get pods -A --field-selector spec.nodeName=NODE shows its node's pod; Flannel: see "
    "C:\\var\\log\\flanneld and start the task aksprov-flanneld; after a restart give it two minutes"
)
# kubelet writes it when its node has joined.
_KUBECONFIG = "C:/etc/kubernetes/kubelet.conf"

T = TypeVar("T", Features, Firewall, Services)


def windows_probes(bundle: Bundle) -> Iterator[Probe]:
    """The checks of a Windows host; none for another."""
    if features := _read(bundle, "features", Features):
        yield _features(features)
    if firewall := _read(bundle, "firewall", Firewall):
        yield _firewall(firewall)
    if services := _read(bundle, "services", Services):
        yield _tasks(services)
        yield _networks()


def _read(bundle: Bundle, name: str, kind: type[T]) -> T | None:
    texts = (f.content for f in bundle.files if f.path == f"{HOME}/{name}.json" and f.content)
    return next((msgspec.json.decode(text, type=kind) for text in texts), None)


def _features(wanted: Features) -> Probe:
    questions = {name: Question(kind="feature", value=name) for name in wanted.features}

    def judge(answers: Answers) -> Verdict:
        states = {name: " ".join(answers.get(question, ())) for name, question in questions.items()}
        wrong = [f"{name} is {state or 'not there'}" for name, state in states.items() if state != "Installed"]
        if wrong:
            return failed("; ".join(wrong), f"{APPLY_AGAIN}, and restarts the host where Windows asks for it")
        return passed(", ".join(states))

    return Probe("WindowsFeatures", "Host", tuple(questions.values()), judge)


def _firewall(wanted: Firewall) -> Probe:
    questions = {rule: Question(kind="rule", value=rule.name) for rule in wanted.rules}

    def judge(answers: Answers) -> Verdict:
        wrong = [
            f"{rule.name} is {said or 'not there'}"
            for rule, question in questions.items()
            if (said := " ".join(answers.get(question, ()))) != _shown(rule)
        ]
        if wrong:
            return failed(f"{len(questions) - len(wrong)} of {len(questions)}; {'; '.join(wrong)}", APPLY_AGAIN)
        return passed(f"{len(questions)} of {len(questions)} rules")

    return Probe("FirewallRules", "Host", tuple(questions.values()), judge)


def _shown(rule: FirewallRule) -> str:
    return f"True Inbound Allow {rule.protocol} {rule.local_port}"


def _tasks(wanted: Services) -> Probe:
    questions = {task.name: Question(kind="task", value=task.name) for task in wanted.tasks}

    def judge(answers: Answers) -> Verdict:
        states = {name: " ".join(answers.get(question, ())) for name, question in questions.items()}
        wrong = [f"{name} is {state or 'not there'}" for name, state in states.items() if state in ("", "Disabled")]
        if wrong:
            return failed("; ".join(wrong), APPLY_AGAIN)
        return passed(", ".join(states))

    return Probe("ScheduledTasks", "Services", tuple(questions.values()), judge)


def _networks() -> Probe:
    question, joined = Question(kind="network"), Question(kind="file", value=_KUBECONFIG)

    def judge(answers: Answers) -> Verdict:
        lines = answers.get(question, ())
        ours = [line for line in lines if line.partition(" ")[2].startswith(_NETWORKS)]
        if ours:
            return passed(", ".join(ours))
        if " ".join(answers.get(joined, ())).startswith("file"):
            return failed("the node has joined, and there is no network of the cluster's plugin", NO_NETWORK_CURE)
        return skipped("no network of the cluster's plugin; it makes one when the node has joined")

    return Probe("HnsNetworks", "Host", (question, joined), judge)
