"""Get-AksHciVmSize and Get-AksHciKubernetesVersion: what can be asked for.

Source: the AksHci reference; the version's columns are those of its upgrade article.
"""

from __future__ import annotations

from aksprov.cmdlets.declaration import Example, Property, Verb

GET_VM_SIZE = Verb(
    name="get-vm-size",
    cmdlet="Get-AksHciVmSize",
    topic="Settings",
    synopsis="List VM sizes: how large hosts should be.",
    outputs=(
        Property(name="VmSize"),
        Property(name="CPU", kind="integer"),
        Property(name="MemoryGB", kind="integer"),
        Property(name="GPU Type"),
        Property(name="GPU Count", kind="integer"),
    ),
    columns=("VmSize", "CPU", "MemoryGB", "GPU Type", "GPU Count"),
    examples=(Example(command="aksprov get-vm-size", text="All sizes."),),
)
GET_KUBERNETES_VERSION = Verb(
    name="get-kubernetes-version",
    cmdlet="Get-AksHciKubernetesVersion",
    topic="Settings",
    synopsis="List the Kubernetes versions that can be had.",
    outputs=(
        Property(name="OrchestratorType"),
        Property(name="OrchestratorVersion"),
        Property(name="OS"),
        Property(name="IsPreview", kind="boolean"),
        Property(name="CalicoVersion", help="ours: the Calico that goes with it"),
        Property(name="CalicoTested", kind="boolean", help="ours: whether Calico's makers tested the pair"),
        Property(name="FlannelVersion", help="ours: the Flannel that goes with it"),
        Property(name="Containerd", help="ours: releases of containerd that go with it"),
        Property(name="KubeadmApi", help="ours: version of the documents that its kubeadm reads"),
        Property(name="Pause", help="ours: tag of the pause image that its kubeadm expects"),
    ),
    columns=("OrchestratorType", "OrchestratorVersion", "OS", "IsPreview", "CalicoVersion"),
    examples=(Example(command="aksprov get-kubernetes-version", text="All versions, a row for each system."),),
)
VERBS = (GET_VM_SIZE, GET_KUBERNETES_VERSION)
