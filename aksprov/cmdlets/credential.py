"""Credentials of clusters: Get-AksHciCredential.

Source: the AksHci reference (learn.microsoft.com/azure/aks/aksarc/reference/ps).
"""

from __future__ import annotations

from aksprov.cmdlets.cluster_parameters import CLUSTER_NAME
from aksprov.cmdlets.declaration import Example, Parameter, Property, Verb


def _later(name: str, why: str, text: str) -> Parameter:
    group = "Declared, not available yet (exit code 69)"
    return Parameter(name=name, kind="switch", group=group, unavailable=why, help=text)


GET_CREDENTIAL = Verb(
    name="get-credential",
    cmdlet="Get-AksHciCredential",
    topic="Clusters",
    synopsis="Write the kubeconfig that kubectl reads.",
    parameters=(
        CLUSTER_NAME,
        Parameter(
            name="configPath",
            placeholder="FILE",
            help="File that the credential is merged into, or a folder, whose file config it is; ~/.kube/config when "
            "it is left out.",
            example="demo.kubeconfig",
        ),
        _later("adAuth", "this add-on is not built", "A kubeconfig for sign-on by Active Directory."),
        _later("aadAuth", "it needs a cloud account, and aksprov uses none", "A kubeconfig for sign-on by Azure."),
    ),
    outputs=(
        Property(name="Name", parameter="name"),
        Property(name="ConfigPath", parameter="configPath", help="ours: the file that was written, mode 0600"),
        Property(name="Context", help="ours: now the current one of that file"),
        Property(name="Server", help="ours"),
        Property(name="Expires", help="ours: when the certificate ends"),
    ),
    columns=("Name", "ConfigPath", "Context", "Expires"),
    examples=(
        Example(command="aksprov get-credential --name demo", text="Into ~/.kube/config, beside what is there."),
        Example(
            command="aksprov get-credential --name demo --config-path demo.kubeconfig --yes",
            text="Into a file of its own, without asking.",
        ),
    ),
    confirms=True,
)
VERBS = (GET_CREDENTIAL,)
