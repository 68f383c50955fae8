"""The templates: read once, compiled once, rendered for many hosts.

``Templates.load()`` is the only place of this room that reads files; workflows call it
and hand the result to :func:`aksprov.rendering.bundle.render_bundle`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

import jinja2
import msgspec

from aksprov.cmdlets.versions import PUBLIC_IMAGE_HOST, KubernetesVersion
from aksprov.errors import DefinitionError
from aksprov.model.base import Value
from aksprov.rendering.formats import FORMATS, Finalize, UnsafeValueError, stored

_SUFFIX = ".j2"
_IMAGE_HOSTS = "image-hosts.toml"


class ImageHosts(Value, frozen=True, kw_only=True):
    """Where images come from.

    Args:
        kubernetes: registry (and path) of Kubernetes' own images, without a trailing slash.
        flannel: the same for Flannel's.
    """

    kubernetes: str
    flannel: str

    def kubernetes_of(self, version: KubernetesVersion) -> str:
        """Where images of a version come from: a site's mirror, else where its own kubeadm looks."""
        return version.image_host if self.kubernetes == PUBLIC_IMAGE_HOST else self.kubernetes


class Templates:
    """Templates by name, each with the ``finalize`` of its format.

    A name is ``<folder>/<file>.<format>.j2``, e.g. "haproxy/haproxy.cfg.haproxy.j2".

    Args:
        sources: name -> text.
        image_hosts: configuration beside the templates.
    """

    def __init__(self, sources: Mapping[str, str], image_hosts: ImageHosts) -> None:
        self.sources = MappingProxyType(dict(sources))
        self.image_hosts = image_hosts
        loader = jinja2.DictLoader(self.sources)
        self._environments = {name: _environment(loader, finalize) for name, finalize in FORMATS.items()}

    @classmethod
    def load(cls) -> Templates:
        """Read the templates of the installed package, or of the source tree."""
        folder = _folder()
        sources = {name: file.read_text("utf-8") for name, file in _files(folder) if name.endswith(_SUFFIX)}
        hosts = (folder / _IMAGE_HOSTS).read_text("utf-8")
        return cls(sources, msgspec.toml.decode(hosts, type=ImageHosts))

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """The text of a file.

        Raises:
            DefinitionError: RenderUnsafe; a value cannot be written in the file's format.
        """
        form = format_of(name)
        try:
            return stored(form, self._environments[form].get_template(name).render(values))
        except UnsafeValueError as error:
            raise unsafe(name.removesuffix(_SUFFIX).rpartition(".")[0], error) from error


def unsafe(file: str, error: UnsafeValueError) -> DefinitionError:
    """The error that says that a value cannot be written into ``file``."""
    return DefinitionError(
        "RenderUnsafe",
        "a value cannot be written into a configuration file",
        where=file,
        why=str(error),
        fix="choose another value for it",
    )


def format_of(name: str) -> str:
    """The format that a template's name gives, e.g. "yaml".

    Raises:
        ValueError: the name gives none, or one that is not known.
    """
    form = name.removesuffix(_SUFFIX).rpartition(".")[2]
    if not name.endswith(_SUFFIX) or form not in FORMATS:
        raise ValueError(f"{name} does not name its format; known are {', '.join(FORMATS)}")
    return form


def _environment(loader: jinja2.BaseLoader, finalize: Finalize) -> jinja2.Environment:
    return jinja2.Environment(
        loader=loader,
        finalize=finalize,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - that is HTML's escaping; finalize quotes for the format at hand
        auto_reload=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _folder() -> Traversable:
    packaged = resources.files("aksprov") / "_data" / "templates"  # where the wheel puts them
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "templates"


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            yield from _files(entry, name + "/")
        else:
            yield name, entry
