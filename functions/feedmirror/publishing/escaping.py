"""Escaping, as templates do it: a value becomes text that is safe in markup.

Jinja2 has every value that a template shows escaped into a ``Markup`` of its own, to be joined with
the others into one text in the next moment. Making it costs more than escaping does, and that is a
fifth of rendering a page; here the text is taken as it is. A template that was compiled finds
``escape`` among the names of its module: were that to change, Jinja2's own would be used.
"""

from collections.abc import Callable, MutableMapping
from threading import Lock
from types import CodeType
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup, escape


def escaped(value: Any) -> str:  # noqa: ANN401 -- whatever a template shows
    """Return what ``markupsafe.escape`` returns, as a text that may be no ``Markup``."""
    if type(value) is str:
        return (
            value.replace("&", "&amp;")
            .replace(">", "&gt;")
            .replace("<", "&lt;")
            .replace("'", "&#39;")
            .replace('"', "&#34;")
        )
    return value if type(value) is Markup else escape(value)


class _Template(Template):
    @classmethod
    def from_code(  # noqa: PLR0917 -- Jinja2's signature
        cls,
        environment: Environment,
        code: CodeType,
        globals: MutableMapping[str, Any],  # noqa: A002 -- Jinja2's name
        uptodate: Callable[[], bool] | None = None,
    ) -> Template:
        template = super().from_code(environment, code, globals, uptodate)
        template.root_render_func.__globals__["escape"] = escaped
        return template


class WithLeanEscaping(Environment):
    """An environment whose templates escape so; many threads render by it.

    All of them want the same template first, which Jinja2 would compile for each that asks before
    the first is done, at 5 to 15 ms each.
    """

    template_class = _Template

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- Jinja2's own
        """Take Jinja2's options."""
        super().__init__(**options)
        self._one_at_a_time = Lock()

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 -- Jinja2's name
    ) -> Template:
        """Return a template, compiled once; rendering it is not waited for."""
        with self._one_at_a_time:
            return super().get_template(name, parent, globals)
