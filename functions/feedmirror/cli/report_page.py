"""The report as one page that needs nothing beside it: no script, no style, no picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from feedmirror.cli.case_words import when_words

MARK = b'<meta name="generator" content="feedmirror report">'  # by which one of ours is known
_LONG = 12  # rows that are shown without scrolling
_TABLE = """\
{%- if table.long %}<section class="long" tabindex="0" aria-label="{{ table.caption }}">
{% endif -%}
<table>
<caption>{{ table.caption }}</caption>
<thead><tr><th scope="col">{{ table.columns[0] }}</th>
<th scope="col" class="number">{{ table.columns[1] }}</th></tr></thead>
<tbody>
{% for word, number in table.rows -%}
<tr><th scope="row">{{ word }}</th><td class="number">{{ number }}</td></tr>
{% endfor -%}
</tbody>
</table>
{%- if table.long %}
</section>{% endif %}"""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption: a word each, and a number."""

    caption: str
    columns: tuple[str, str]
    rows: Sequence[tuple[str, object]]

    @property
    def long(self) -> bool:
        """Whether it has more rows than are shown at once."""
        return len(self.rows) > _LONG


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture, what it shows in a sentence, and the same as a table."""

    svg: str
    caption: str
    table: Table


@dataclass(frozen=True, slots=True)
class Trouble:
    """A thing that needs somebody: what is wrong with it, and what to do."""

    what: str
    wrong: str
    advice: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report; ``more`` says how many troubles were left out, if any were."""

    name: str
    title: str
    lines: Sequence[str] = ()
    plots: Sequence[Plot] = ()
    troubles: Sequence[Trouble] = ()
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that stands in the report."""

    name: str
    at: datetime
    days: int
    verdict: str
    well: bool
    sections: Sequence[Section] = field(default_factory=tuple)


def render_page(page: Page) -> bytes:
    """Return the page; every text in it is escaped, the plots alone are markup of ours."""
    text = files("feedmirror.cli").joinpath("report.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=DictLoader({"report": text, "table": _TABLE}),
    )
    table = environment.get_template("table")
    rendered = environment.get_template("report").render(
        name=page.name,
        at=when_words(page.at),
        iso=page.at.isoformat(timespec="minutes"),
        days=page.days,
        verdict=page.verdict,
        well=page.well,
        sections=page.sections,
        table=lambda of: Markup(table.render(table=of)),  # noqa: S704 -- rendered with escapes
    )
    return f"{rendered}\n".encode()
