"""New-AksHciLoadBalancerSetting.

Source: the AksHci reference and "Create multiple load balancers" in the AKS on Azure Stack
HCI documentation; property names from the LoadBalancer object of Get-AksHciCluster.
"""

from __future__ import annotations

from aksprov.cmdlets.declaration import Example, Parameter, Property, Verb
from aksprov.cmdlets.sizes import SIZE_NAMES

NO_LOAD_BALANCER = "a cluster without HAProxy needs kube-vip in front of its API server, which is not built yet"

NEW_LOAD_BALANCER_SETTING = Verb(
    name="new-load-balancer-setting",
    cmdlet="New-AksHciLoadBalancerSetting",
    older_names=("New-AksHciLoadBalancerObject",),
    topic="Settings",
    synopsis="Print a load balancer setting; store nothing.",
    parameters=(
        Parameter(
            name="name",
            placeholder="NAME",
            mandatory_in=("*",),
            rule="setting name",
            help="Name of the setting.",
            example="lb",
        ),
        Parameter(
            name="loadBalancerSku",
            placeholder="SKU",
            mandatory_in=("*",),
            allowed=("HAProxy", "none"),
            unavailable_values={"none": NO_LOAD_BALANCER},
            help="HAProxy with keepalived on hosts of their own, or none.",
            example="HAProxy",
        ),
        Parameter(
            name="loadBalancerCount",
            kind="integer",
            placeholder="N",
            default=1,
            minimum=1,
            help="Number of load balancer hosts; the VIP moves when one fails, so two make sense.",
            example="2",
        ),
        Parameter(
            name="vmSize",
            placeholder="SIZE",
            default="Standard_A4_v2",
            allowed=SIZE_NAMES,
            listed_by="get-vm-size",
            help="Size that each load balancer host should have.",
            example="Standard_A2_v2",
        ),
    ),
    outputs=(
        Property(name="Name", parameter="name"),
        Property(name="Sku", parameter="loadBalancerSku"),
        Property(name="Count", kind="integer", parameter="loadBalancerCount"),
        Property(name="VMSize", parameter="vmSize"),
    ),
    columns=("Name", "Sku", "Count", "VMSize"),
    examples=(
        Example(
            command="aksprov new-load-balancer-setting --name lb --load-balancer-sku HAProxy --load-balancer-count 2 "
            "--output json > lb.json",
            text="A file for new-cluster --load-balancer-settings @lb.json.",
        ),
    ),
)
VERBS = (NEW_LOAD_BALANCER_SETTING,)
