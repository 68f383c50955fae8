"""Asking before something is done that cannot be taken back."""

from __future__ import annotations

from aksprov.errors import UsageError
from aksprov.model.request import Request
from aksprov.workflows.session import Session


def confirmed(request: Request, session: Session, question: str) -> bool:
    """Whether the user agrees: by --yes, or by answering.

    Raises:
        UsageError: ConfirmationNeeded, there is no terminal to ask on.
    """
    if request.flag("yes"):
        return True
    if session.asker.interactive:
        return session.asker.confirm(question)
    raise UsageError(
        "ConfirmationNeeded",
        f"{request.verb} needs a confirmation",
        where=request.verb,
        why=f"there is no terminal to ask on: {question.splitlines()[-1]}",
        fix="give --yes (-Confirm:$false) if that is what you want",
    )
