"""Modules that are imported late, without the garbage collector's looks at what they make."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """The collector rests in the block, and never looks at what is there when it ends.

    What an import makes stays as long as the program; looking through it again and again was an eighth of what a
    start costs.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
