"""Our own get-network-plugin: what Calico and Flannel can do, and what follows for definitions."""

from __future__ import annotations

from aksprov.cmdlets.declaration import Example, Parameter, Property, Verb

GET_NETWORK_PLUGIN = Verb(
    name="get-network-plugin",
    cmdlet="Get-AksprovNetworkPlugin",
    topic="Settings",
    synopsis="Show what each network plugin can do.",
    parameters=(
        Parameter(
            name="name",
            placeholder="NAME",
            ours=True,
            help="Only the capability of this name, in any case.",
            example="IPv6",
        ),
    ),
    outputs=(
        Property(name="Name", help="a stable id"),
        Property(name="Capability", help="what it is, in words"),
        Property(name="Flannel", help="yes, no, or how"),
        Property(name="Calico", help="yes, no, or how"),
        Property(name="Limits", kind="texts", help="what a definition that breaks it is refused with"),
    ),
    columns=("Name", "Flannel", "Calico"),
    examples=(
        Example(command="aksprov get-network-plugin", text="The whole table."),
        Example(command="aksprov get-network-plugin --name ipv6 --output json", text="One row, with its limits."),
    ),
)
VERBS = (GET_NETWORK_PLUGIN,)
