"""aksprov: AksHci's verbs for Kubernetes on hosts of your own."""

__version__ = "0.1.0"
