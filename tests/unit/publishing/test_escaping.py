import time
from concurrent.futures import ThreadPoolExecutor

import markupsafe
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FunctionLoader, StrictUndefined, UndefinedError
from markupsafe import Markup

from feedmirror.publishing.escaping import WithLeanEscaping, escaped


class WithMarkup:
    def __html__(self) -> str:
        return "<b>"


@given(st.text() | st.text("&<>'\"a;") | st.text().map(Markup) | st.integers() | st.none())
def test_what_is_escaped_is_what_the_library_escapes(value: object) -> None:
    assert str(escaped(value)) == str(markupsafe.escape(value))


def test_what_knows_its_own_markup_says_it() -> None:
    assert escaped(WithMarkup()) == "<b>"


def test_an_undefined_value_is_a_fault() -> None:
    with pytest.raises(UndefinedError):
        escaped(StrictUndefined(name="oops"))


ALL_WAYS = """
{%- macro shown(text) %}<i>{{ text }}</i>{% endmacro -%}
{%- macro around() %}<u>{{ caller() }}</u>{% endmacro -%}
{%- set kept = shown(text) -%}
{%- set block %}<b>{{ text }}</b>{% endset -%}
{{ text }}|{{ shown(text) }}|{{ kept }}|{{ block }}|{{ text | safe }}|{{ text ~ kept }}|
{%- for each in [text, kept] %}{{ each }}{% endfor %}|{{ kept | upper }}|{{ [kept] | join(text) }}|
{%- filter lower %}{{ text }}{% endfilter %}|{% call around() %}{{ text }}{% endcall %}
"""


@given(st.text("&<>'\"aB;"))
def test_a_template_renders_as_it_would_without(text: str) -> None:
    lean, plain = (kind(autoescape=True) for kind in (WithLeanEscaping, Environment))

    rendered = lean.from_string(ALL_WAYS).render(text=text)

    assert rendered == plain.from_string(ALL_WAYS).render(text=text)


def test_templates_escape_leanly() -> None:
    template = WithLeanEscaping(autoescape=True).from_string("{{ text }}")

    assert template.root_render_func.__globals__["escape"] is escaped
    assert template.root_render_func.__code__.co_names.count("escape") == 1


def test_threads_that_want_a_template_at_once_have_it_compiled_once() -> None:
    texts = {"page": "{% extends 'base' %}{% block inside %}{{ text }}{% endblock %}"}
    texts["base"] = "<p>{% block inside %}{% endblock %}</p>"
    compiled: list[str] = []

    def load(name: str) -> str:
        compiled.append(name)
        time.sleep(0.02)  # in which the others ask
        return texts[name]

    environment = WithLeanEscaping(autoescape=True, loader=FunctionLoader(load))
    with ThreadPoolExecutor(8) as pool:
        rendered = list(
            pool.map(lambda text: environment.get_template("page").render(text=text), "abcdefgh")
        )

    assert rendered == [f"<p>{text}</p>" for text in "abcdefgh"]
    assert sorted(compiled) == ["base", "page"]
