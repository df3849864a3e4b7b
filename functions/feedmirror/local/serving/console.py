"""The local console: what left, what waits for a person, and when each feed is polled.

It holds addresses of persons, so it has an address that cannot be guessed: a reverse proxy in
front forwards every path, and may well call this server by a loopback name. It is for looking only.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser, BytesParser
from html import escape
from http import HTTPStatus

from feedmirror.adapters.outbox import OUTBOX
from feedmirror.characters import one_line, without_unseen
from feedmirror.local.serving.console_style import STYLE
from feedmirror.local.serving.outbox import recipient_of
from feedmirror.local.serving.site import Answer
from feedmirror.ports.object_store import ObjectStore
from feedmirror.publishing.policy import policy_for

CONSOLE = "/-/"  # no host is called so
_OUTBOX = "outbox/"
_STYLE_SHEET = "style.css"
_HOSTS = {"localhost", "127.0.0.1", "[::1]"}
_MOST_MAILS = 200  # that are listed, the newest
_SHOWN = ("From", "To", "Subject", "Date")
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"{policy_for(images=False)}; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Console of this mirror</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<h1>Console of this mirror</h1>
<p><a href="/">The site</a> as its readers have it</p>
{sections}
</main>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads somewhere on the console."""

    target: str
    words: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the console: its caption, its columns, its rows, and what is said of none."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Link]]
    empty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Shows what an operator looks for; ``notes``, then ``tables`` come above the outbox."""

    key: str
    mail: ObjectStore
    tables: Callable[[], Iterable[Table]]
    notes: Callable[[], Iterable[str]]

    @property
    def path(self) -> str:
        """The console's own path, which nobody can guess."""
        return f"{CONSOLE}{self.key}/"

    def answer(self, path: str, *, host: str) -> Answer:
        """Answer a request; raises StoreUnavailableError.

        ``host`` is checked so that no page of another site can have its name lead here and read
        the answers (DNS rebinding).
        """
        named = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        given = path.encode()[: len(self.path)]
        if named.lower() not in _HOSTS or not hmac.compare_digest(given, self.path.encode()):
            words = "The console is at the address that `feedmirror serve` printed as it started.\n"
            return _text(HTTPStatus.FORBIDDEN, words)
        rest = path.removeprefix(self.path)
        if not rest:
            return self._front()
        if rest == _STYLE_SHEET:
            headers = {**_HEADERS, "Content-Type": "text/css; charset=utf-8"}
            return Answer(HTTPStatus.OK, headers, STYLE.encode())
        return self._mail(rest) if rest.startswith(_OUTBOX) else _missing()

    def _front(self) -> Answer:
        notes = [f'<p class="note">{_shown(note)}</p>' for note in self.notes()]
        sections = [*notes, *map(_section, self.tables()), _section(self._outbox())]
        body = _PAGE.format(sections="\n".join(sections)).encode(errors="replace")
        headers = {"Content-Type": "text/html; charset=utf-8", **_HEADERS}
        return Answer(HTTPStatus.OK, headers, body)

    def _outbox(self) -> Table:
        """Return the newest mails of ours, the last one first."""
        names = [summary.key.removeprefix(OUTBOX) for summary in self.mail.list(OUTBOX)]
        rows = [
            (*_addressed(found.content.body), Link(f"{_OUTBOX}{name}", name))
            for name in reversed(names[-_MOST_MAILS:])
            if (found := self.mail.get(OUTBOX + name)) is not None
        ]
        return Table(f"Outbox ({len(names)})", ("for", "subject", "mail"), rows, "No mail yet.")

    def _mail(self, name: str) -> Answer:
        """Return a mail as text: what it says is never taken for a page."""
        found = self.mail.get(OUTBOX + name.removeprefix(_OUTBOX))
        return _missing() if found is None else _text(HTTPStatus.OK, _readable(found.content.body))


def _section(table: Table) -> str:
    if not table.rows:
        return f"<h2>{_shown(table.caption)}</h2>\n<p>{_shown(table.empty)}</p>"
    head = "".join(f'<th scope="col">{_shown(column)}</th>' for column in table.columns)
    rows = "\n".join(
        "<tr>" + "".join(map(_cell, table.columns, row)) + "</tr>" for row in table.rows
    )
    return (
        f"<h2>{_shown(table.caption)}</h2>\n<table>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _cell(column: str, cell: str | Link) -> str:
    """Return a cell with the name of its column, which stands beside it where it is narrow."""
    words = _shown(cell if isinstance(cell, str) else cell.words)
    if isinstance(cell, Link):
        words = f'<a href="{escape(cell.target)}">{words}</a>'
    return f'<td data-column="{_shown(column)}">{words}</td>'


def _shown(text: str) -> str:
    """Return a text as markup of one line: strangers' words are among what is told."""
    return escape(one_line(text))


def _addressed(mail: bytes) -> tuple[str, str]:
    """Return for whom a mail of ours is, and its subject."""
    head = BytesHeaderParser(policy=policy.default).parsebytes(mail)
    return recipient_of(mail), str(head["Subject"] or "")


def _readable(mail: bytes) -> str:
    message = BytesParser(policy=policy.default).parsebytes(mail)
    heads = [f"{name}: {message[name]}" for name in _SHOWN if message[name]]
    part = message.get_body(("plain",))
    text = str(part.get_content()) if part is not None else ""
    return without_unseen("\n".join([*heads, "", text]))


def _text(status: HTTPStatus, words: str) -> Answer:
    headers = {"Content-Type": "text/plain; charset=utf-8", **_HEADERS}
    return Answer(status, headers, words.encode(errors="replace"))


def _missing() -> Answer:
    return _text(HTTPStatus.NOT_FOUND, "There is no such page of the console.\n")
