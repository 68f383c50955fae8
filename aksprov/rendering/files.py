"""One rendered file: a template, where it goes and who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aksprov.model.bundle import ADMINISTRATORS, ROOT, BundleFile, Reader, is_windows_path
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
        """The file at ``path``, owned by root or, on Windows, by its Administrators.

        Raises:
            DefinitionError: RenderUnsafe.
        """
        content = self.templates.render(template, values)
        return self.text(path, content, reader, mode=mode)

    def text(self, path: str, content: str, reader: Reader, *, mode: str = "0644") -> BundleFile:
        """The file at ``path`` with a text that is no template's."""
        owner = ADMINISTRATORS if is_windows_path(path) else ROOT
        return BundleFile(path=path, content=content, reader=reader, cluster=self.cluster, mode=mode, owner=owner)
