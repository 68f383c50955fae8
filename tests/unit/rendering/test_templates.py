"""The templates have no logic, and nothing that they print goes round their format's ``finalize``."""

from __future__ import annotations

from collections.abc import Iterator

import jinja2
import pytest
from jinja2 import nodes

from aksprov.rendering.templates import ImageHosts, Templates, format_of

TEMPLATES = Templates.load()
NAMES = sorted(TEMPLATES.sources)
IMAGE_HOSTS = ImageHosts(kubernetes="registry.test", flannel="registry.test")
PARSER = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)  # noqa: S701 - no HTML

# Printing, loops over and conditions on values that are handed in.  No filters, calls, operators,
# literals, assignments, macros, includes or autoescape blocks: all ways to make or pass text.
ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Name, nodes.Getattr,
)  # fmt: skip


def ways_round(source: str) -> list[str]:
    """What in a template is not in the list of what templates may do."""
    tree = PARSER.parse(source)
    found: list[nodes.Node] = [tree, *tree.find_all(nodes.Node)]
    return [type(node).__name__ for node in found if not isinstance(node, ALLOWED)]


def glued(source: str) -> Iterator[str]:
    """Printed values that are only a part of what the parser takes for one value."""
    for output in PARSER.parse(source).find_all(nodes.Output):
        for number, node in enumerate(output.nodes):
            if isinstance(node, nodes.TemplateData):
                continue
            around = [n.data if isinstance(n, nodes.TemplateData) else "" for n in output.nodes]
            before, after = around[number - 1] if number else "", "".join(around[number + 1 : number + 2])
            if not before.endswith((": ", "- ", "[", ", ", "= ")) or not after.startswith(("\n", ",", "]")):
                yield f"{before[-20:]}...{after[:20]}"


@pytest.mark.parametrize("name", NAMES)
def test_every_output_goes_through_finalize(name: str) -> None:
    assert ways_round(TEMPLATES.sources[name]) == []


@pytest.mark.parametrize("name", [n for n in NAMES if format_of(n) in ("yaml", "toml", "json", "ps1")])
def test_a_quoted_value_stands_alone(name: str) -> None:
    """``{{ a }}:{{ b }}`` would put two quoted texts where one value belongs."""
    assert list(glued(TEMPLATES.sources[name])) == []


@pytest.mark.parametrize(
    "source",
    [
        "{{ a|safe }}",
        "{{ a|e }}",
        "{{ a ~ b }}",
        "{{ a + b }}",
        "{{ a.format(b) }}",
        "{{ 'text' }}",
        "{{ a if b else c }}",
        "{% autoescape false %}{{ a }}{% endautoescape %}",
        "{% set b %}{{ a }}{% endset %}",
        "{% filter upper %}{{ a }}{% endfilter %}",
        "{% macro m(a) %}{{ a }}{% endmacro %}",
        "{% include 'other' %}",
        "{% extends 'other' %}",
        "{% import 'other' as m %}",
        "{% if a == b %}{% endif %}",
    ],
)
def test_a_way_round_is_seen(source: str) -> None:
    """The check above can fail."""
    assert ways_round(source)


@pytest.mark.parametrize("source", ["a: {{ a }}:{{ b }}\n", 'a: "{{ a }}"\n', "{{ a }}: b\n", "a: {{ a }} b\n"])
def test_a_glued_value_is_seen(source: str) -> None:
    """The check above can fail."""
    assert list(glued(source))


@pytest.mark.parametrize("name", NAMES)
def test_files_end_with_a_newline_and_are_ascii(name: str) -> None:
    """HAProxy refuses a file without a last newline."""
    assert TEMPLATES.sources[name].endswith("\n")
    assert TEMPLATES.sources[name].isascii()


def test_an_undefined_name_is_an_error_that_names_it() -> None:
    templates = Templates({"a.yaml.j2": "x: {{ nobody_gave_this }}\n"}, IMAGE_HOSTS)
    with pytest.raises(jinja2.UndefinedError, match="nobody_gave_this"):
        templates.render("a.yaml.j2", {})


@pytest.mark.parametrize("name", ["a.j2", "a.conf.j2", "a.yaml", "yaml.txt"])
def test_a_template_that_does_not_name_its_format_is_refused(name: str) -> None:
    templates = Templates({name: "text\n"}, IMAGE_HOSTS)
    with pytest.raises(ValueError, match="format"):
        templates.render(name, {})
