"""new-load-balancer-setting: print a load balancer setting as an object; nothing is stored."""

from __future__ import annotations

from aksprov.model.names import check_name
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """The properties of the LoadBalancer object of Get-AksHciCluster, and the setting's name."""
    setting = {
        "Name": check_name("setting", request.need("name")),
        "Sku": request.need("loadBalancerSku"),
        "Count": request.integer("loadBalancerCount"),
        "VMSize": request.text("vmSize"),
    }
    return Outcome(objects=(setting,), single=True)
