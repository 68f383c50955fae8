"""One rendered file: a template, where it goes and who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aksprov.model.bundle import BundleFile, Reader
from aksprov.rendering.templates import Templates


@dataclass(frozen=True)
class Renderer:
    """Renders files of one cluster.

    Args:
        cluster: its key, which every file carries.
    """

    templates: Templates
    cluster: str

    def file(
        self, path: str, template: str, reader: Reader, values: Mapping[str, object], *, mode: str = "0644"
    ) -> BundleFile:
        """The file at ``path``, owned by root.

        Raises:
            DefinitionError: RenderUnsafe.
        """
        content = self.templates.render(template, values)
        return BundleFile(path=path, content=content, reader=reader, cluster=self.cluster, mode=mode)
