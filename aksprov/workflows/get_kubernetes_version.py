"""get-kubernetes-version: the Kubernetes versions that can be had."""

from __future__ import annotations

from aksprov.cmdlets.versions import OFFERED
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """A row for each version and operating system, as AksHci prints them, with what goes with the version."""
    return Outcome(
        objects=tuple(
            {
                "OrchestratorType": "Kubernetes",
                "OrchestratorVersion": offered.version,
                "OS": system,
                "IsPreview": False,
                "CalicoVersion": offered.calico,
                "CalicoTested": offered.calico_tested,
                "FlannelVersion": offered.flannel,
                "Containerd": str(offered.containerd),
                "KubeadmApi": offered.kubeadm,
                "Pause": offered.pause,
            }
            for offered in OFFERED
            for system in offered.systems
        )
    )
