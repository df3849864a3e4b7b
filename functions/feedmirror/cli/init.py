"""``feedmirror init``: a starting configuration, asked for or told."""

import sys
from collections.abc import Callable
from pathlib import Path
from shlex import quote

import click

from feedmirror import configuration_values as reading
from feedmirror.addresses import host_of
from feedmirror.cli.asking import asking
from feedmirror.cli.configurations import configuration_of
from feedmirror.cli.folders import FEED
from feedmirror.cli.output import counted, say
from feedmirror.configuration import Configuration, MirrorSettings
from feedmirror.configuration_file import (
    ConfigurationError,
    parse_configuration,
    write_configuration,
)

_ASKED: dict[str, tuple[str, Callable[[object], str]]] = {
    "name": ("What is the mirror called?", reading.name),
    "site": ("Under which address will it be read?", reading.site),
    "contact": ("To which address do requests for removal come?", reading.contact),
    "operator": ("Which address is asked when a person must decide?", reading.mailbox),
}


@click.command(epilog="Example: feedmirror init --feeds my-feeds.opml")
@click.argument(
    "file", default="mirror.toml", type=click.Path(path_type=Path, dir_okay=False), required=False
)
@click.option("--name", help="The mirror's name.")
@click.option("--site", help="The site's address, such as https://mirror.example.org.")
@click.option("--contact", help="Where requests for removal come to; on AWS its mail goes to SES.")
@click.option("--operator", help="Who is asked when a person must decide.")
@FEED
@click.option(
    "--feeds",
    "listed",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Mirror the feeds of an OPML file.",
)
def init(file: Path, *, urls: tuple[str, ...], listed: Path | None, **told: str | None) -> None:
    """Write a starting configuration into FILE.

    What no option says is asked for on a terminal. A file that is there already is left alone.
    """
    if file.exists():
        raise click.ClickException(f"{file} is there already; name another file, or edit it")
    if file.suffix.lower() != ".toml":
        raise click.ClickException(f"{file}: name a file that ends in .toml, such as mirror.toml")
    if not file.parent.is_dir():
        raise click.ClickException(f"{file}: there is no folder {file.parent}; make it first")
    feeds = configuration_of(listed, urls).feeds
    said = _answers(told)
    mirror = MirrorSettings(
        name=said["name"],
        site=said["site"],
        contact=said["contact"],
        operator=said["operator"],
    )
    text = write_configuration(Configuration(mirror=mirror, feeds=feeds))
    try:
        parse_configuration(text)
    except ConfigurationError as error:
        wrong = "\n".join(f"{problem.wrong}: {problem.right}" for problem in error.problems)
        raise click.ClickException(wrong) from error
    with file.open("x", encoding="utf-8") as new:
        new.write(text)
    name = quote(str(file))
    listed_feeds = counted(len(feeds), "feed") if feeds else "no feed yet, add some at its end"
    say(f"{file}: {listed_feeds}. What next:")
    say(f"  feedmirror serve --feeds {name}   runs the mirror on this machine")
    say(f"  feedmirror feeds push {name} --local   puts it in force there, once it has changed")
    say(f"  feedmirror cost {name}   tells what a month on AWS costs")
    say(f"  feedmirror feeds push {name}   puts it in force on an account")


def _answers(told: dict[str, str | None]) -> dict[str, str]:
    """Return what the options say, and what is answered on a terminal where they say nothing."""
    missing = [f"--{name}" for name, value in told.items() if value is None]
    if missing and not sys.stdin.isatty():
        raise click.UsageError(f"no terminal to ask on: say {', '.join(missing)}")
    found: dict[str, str] = {}
    for name, (question, read) in _ASKED.items():
        given = told[name]
        found[name] = given if given is not None else _ask(question, read, _guess(name, found))
    return found


def _ask(question: str, read: Callable[[object], str], guess: str | None) -> str:
    """Ask until the answer is one; say what would be right."""

    def checked(answer: str) -> str:
        try:
            return read(answer)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    with asking():
        answer: str = click.prompt(question, default=guess, value_proc=checked)
    return answer


def _guess(name: str, found: dict[str, str]) -> str | None:
    """Return what is probably meant, from what was answered before."""
    host = host_of(found.get("site", "")) or ""
    return f"takedown@{host}" if name == "contact" and host else None
