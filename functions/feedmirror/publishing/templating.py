"""Templates: the bundled ones, and the operator's in their place, by file name.

Jinja2 is loaded when the first page is rendered, not when this module is imported. Values are
escaped unless a template says otherwise, and a name that a template misspells is an error.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from feedmirror.publishing import dates
from feedmirror.publishing.texts import MEDIA_TYPE, line, timestamp
from feedmirror.records import Enclosure

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = files("feedmirror.publishing") / "templates"
_CREDIT = "credit.html"
_CREDIT_LANGUAGES = frozenset({"de", "es", "fr", "pt"})  # beside English, which is the default


class TemplateUnusableError(Exception):
    """An operator's template that Jinja2 refuses; the message names the file and the fault."""


def render(name: str, context: Mapping[str, Any], templates: Mapping[str, str]) -> str:
    """Return a rendered template; ``templates`` take the place of bundled ones by file name.

    Raises TemplateUnusableError for a template with a fault in it.
    """
    from jinja2 import TemplateError  # noqa: PLC0415 -- only who renders pays for the import

    try:
        return _environment(tuple(sorted(templates.items()))).get_template(name).render(context)
    except TemplateError as error:
        where = getattr(error, "name", None) or name
        at = getattr(error, "lineno", None)
        raise TemplateUnusableError(f"{where}{f', line {at}' if at else ''}: {error}") from error


def source(name: str, templates: Mapping[str, str]) -> str:
    """Return the text of a template, the operator's before the bundled one."""
    return templates[name] if name in templates else _bundled(name)


def credit_template(language: str | None, templates: Mapping[str, str]) -> str:
    """Return the name of the template for the credit of an item in a language.

    The operator's for the language, or else his for all, or else ours for the language, or else
    ours in English: who chose the words for all languages is not answered with ours.
    """
    tag = (language or "").lower()
    primary = tag.partition("-")[0]
    for name in (f"credit.{tag}.html", f"credit.{primary}.html", _CREDIT):
        if name in templates:
            return name
    return f"credit.{primary}.html" if primary in _CREDIT_LANGUAGES else _CREDIT


@lru_cache(maxsize=4)
def _environment(templates: tuple[tuple[str, str], ...]) -> "Environment":
    from jinja2 import (  # noqa: PLC0415 -- only who renders pays for the import
        Environment,
        FunctionLoader,
        StrictUndefined,
    )

    own = dict(templates)
    environment = Environment(
        autoescape=True,
        auto_reload=False,
        loader=FunctionLoader(lambda name: own[name] if name in own else _bundled_or_none(name)),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        about_file=_about_file,
        day=dates.day,
        file_name=_file_name,
        is_media_type=lambda text: MEDIA_TYPE.fullmatch(text) is not None,
        minute=dates.minute,
        month=dates.month,
        timestamp=timestamp,
    )
    return environment


def _bundled(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _bundled_or_none(name: str) -> str | None:
    return _bundled(name) if (_FOLDER / name).is_file() else None


def _file_name(enclosure: Enclosure) -> str:
    """Return the last part of an enclosure's path, or its host where the path is empty."""
    parts = urlsplit(enclosure.url)
    return line(unquote(parts.path.rstrip("/").rpartition("/")[2])) or parts.netloc


def _about_file(enclosure: Enclosure) -> str:
    length = dates.size(enclosure.length) if enclosure.length and enclosure.length > 0 else ""
    return ", ".join(part for part in (enclosure.type, length) if part)
