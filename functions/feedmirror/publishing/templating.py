"""Templates: the bundled ones, and the operator's in their place, by file name.

Jinja2 is loaded when the first page is rendered, not when this module is imported. Values are
escaped unless a template says otherwise, and a name that a template misspells is a fault.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from traceback import walk_tb
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from feedmirror.characters import one_line
from feedmirror.layout import TEMPLATES
from feedmirror.publishing import dates
from feedmirror.publishing.texts import MEDIA_TYPE, timestamp
from feedmirror.records import Enclosure

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = files("feedmirror.publishing") / "templates"
_CREDIT = "credit.html"
_CREDIT_LANGUAGES = frozenset({"de", "es", "fr", "pt"})  # beside English, which is the default


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates in use; ``own`` are the operator's, by file name, before the bundled ones.

    A fault in an operator's template, in its text or met while it is rendered, never costs a
    page: the page is rendered without that template, and the fault is kept among ``problems``.
    """

    own: Mapping[str, str] = field(default_factory=dict)
    _met: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def problems(self) -> tuple[str, ...]:
        """What was wrong so far, one line each: file, line and fault. One place is told once."""
        return tuple(self._met.values())

    def source(self, name: str) -> str:
        """Return the text of a template, the operator's before the bundled one."""
        return self.own[name] if name in self.own else _bundled(name)

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """Return a rendered template."""
        return self._render(lambda _: name, context)

    def credit(self, language: str | None, context: Mapping[str, Any]) -> str:
        """Return the credit of an item in a language.

        By the operator's template for the language, or else his for all, or else ours for the
        language, or else ours in English: who chose the words for all languages is not answered
        with ours.
        """
        return self._render(lambda own: _credit_template(language, own), context)

    def _render(
        self, choose: Callable[[Mapping[str, str]], str], context: Mapping[str, Any]
    ) -> str:
        """Render without one more of the operator's templates until there is no fault."""
        own = dict(self.own)
        while True:
            name = choose(own)
            try:
                template = _environment(tuple(sorted(own.items()))).get_template(name)
                rendered = template.render(context)
                if own:  # one of his may have a lone surrogate, which the page cannot be built of
                    rendered.encode()
            except Exception as error:  # an operator's template may raise whatever there is
                if not own:
                    raise
                own = self._without_fault(own, name, error)
            else:
                return rendered

    def _without_fault(
        self, own: Mapping[str, str], rendered: str, error: Exception
    ) -> dict[str, str]:
        """Tell a fault, and return the templates without the one that it is in.

        Where none can be blamed, as for one that lacks what a bundled one takes from it, all go.
        """
        name, at = _place(error, own)
        lacking = getattr(error, "name", None)  # of a template that another refers to
        if lacking not in self.own or lacking in own:
            place = f"{TEMPLATES}{name}, line {at}" if name else f"{TEMPLATES}, for {rendered}"
            self._met.setdefault(place, f"{place}: {_fault(error)}; what is bundled is used")
        return {other: text for other, text in own.items() if name and other != name}


def _credit_template(language: str | None, own: Mapping[str, str]) -> str:
    tag = (language or "").lower()
    primary = tag.partition("-")[0]
    for name in (f"credit.{tag}.html", f"credit.{primary}.html", _CREDIT):
        if name in own:
            return name
    return f"credit.{primary}.html" if primary in _CREDIT_LANGUAGES else _CREDIT


def _place(error: Exception, own: Mapping[str, str]) -> tuple[str, int | None]:
    """Return the operator's template that an error comes from, or "", and the line.

    The last of his that was at work when it happened, whichever bundled one it used. Jinja2
    rewrites tracebacks so that templates appear in them as files.
    """
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 -- loaded already

    if isinstance(error, TemplateSyntaxError):
        return (error.name if error.name in own else "") or "", error.lineno
    frames = walk_tb(error.__traceback__)
    places = [(frame.f_code.co_filename, number) for frame, number in frames]
    return next((place for place in reversed(places) if place[0] in own), ("", None))


def _fault(error: Exception) -> str:
    """Return what is wrong in one line, in Jinja2's words where they say it all."""
    from jinja2 import TemplateSyntaxError, UndefinedError  # noqa: PLC0415 -- loaded already

    said = one_line(str(error))
    if isinstance(error, TemplateSyntaxError | UndefinedError):
        return said
    return f"{type(error).__name__}: {said}"


@lru_cache(maxsize=16)
def _environment(templates: tuple[tuple[str, str], ...]) -> "Environment":
    from jinja2 import FunctionLoader, StrictUndefined  # noqa: PLC0415 -- only for who renders

    from feedmirror.publishing.escaping import WithLeanEscaping  # noqa: PLC0415 -- as above

    own = dict(templates)

    def load(name: str) -> tuple[str, str, None] | None:
        text = own[name] if name in own else _bundled_or_none(name)
        return None if text is None else (text, name, None)  # the name stands for a file's path

    environment = WithLeanEscaping(
        autoescape=True,
        auto_reload=False,
        loader=FunctionLoader(load),
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
    return one_line(unquote(parts.path.rstrip("/").rpartition("/")[2])) or parts.netloc


def _about_file(enclosure: Enclosure) -> str:
    length = dates.size(enclosure.length) if enclosure.length and enclosure.length > 0 else ""
    return ", ".join(part for part in (enclosure.type, length) if part)
