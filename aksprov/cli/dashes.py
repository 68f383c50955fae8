"""The dashes that begin a parameter's name."""

from __future__ import annotations

# PowerShell's: hyphen, en dash, em dash, horizontal bar.  Web pages make the others of one hyphen, and of two.
DASHES = "-\u2013\u2014\u2015"


def bare(word: str) -> str:
    """An option's name and what is glued to it, whatever dashes it begins with; "" for a word that is no option."""
    return word.lstrip(DASHES) if word[:1] and word[0] in DASHES else ""
