"""Every file of the tree that is made from the declarations.  ``make generate`` writes them; a test sees an old one."""

from __future__ import annotations

from aksprov.cmdlets import ansible, powershell, reference


def files() -> dict[str, str]:
    """Path in the tree -> text."""
    return {"docs/cmdlets.md": reference.page(), **powershell.files(), **ansible.files()}
