"""What a probe says once the answers are there, and the probe itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aksprov.checks.compile import Answers, Question
from aksprov.model.base import Value
from aksprov.model.row import Result, Row


class Verdict(Value, frozen=True, kw_only=True):
    """A row without its name and place."""

    result: Result
    details: str
    recommendation: str = ""


@dataclass(frozen=True)
class Probe:
    """One check of one host: what it asks, and what it makes of the answers.

    Args:
        test_name: the row's stable id.
        judge: pure; must cope with a question that has no answer.
    """

    test_name: str
    category: str
    questions: tuple[Question, ...]
    judge: Callable[[Answers], Verdict]

    def row(self, answers: Answers, *, host: str, cluster: str) -> Row:
        """The row of this check for one host."""
        return make_row(self.test_name, self.category, self.judge(answers), host=host, cluster=cluster)


def make_row(test_name: str, category: str, verdict: Verdict, *, host: str, cluster: str) -> Row:
    """A verdict with its name and place."""
    return Row(
        test_name=test_name,
        category=category,
        test_result=verdict.result,
        details=verdict.details,
        recommendation=verdict.recommendation,
        host=host,
        cluster=cluster,
    )


def passed(details: str) -> Verdict:
    """All is as it should be."""
    return Verdict(result="Passed", details=details)


def failed(details: str, recommendation: str) -> Verdict:
    """Something is wrong."""
    return Verdict(result="Failed", details=details, recommendation=recommendation)


def warning(details: str, recommendation: str) -> Verdict:
    """Good enough for now."""
    return Verdict(result="Warning", details=details, recommendation=recommendation)


def skipped(details: str, recommendation: str = "") -> Verdict:
    """Could not be, or need not be, checked; the details say why."""
    return Verdict(result="Skipped", details=details, recommendation=recommendation)
