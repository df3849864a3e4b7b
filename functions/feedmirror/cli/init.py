"""``feedmirror init``: a starting configuration, asked for or told."""

import sys
from pathlib import Path
from shlex import quote

import click

from feedmirror.addresses import host_of
from feedmirror.cli.configurations import configuration_of
from feedmirror.cli.output import say
from feedmirror.configuration import Configuration, MirrorSettings
from feedmirror.configuration_file import (
    ConfigurationError,
    parse_configuration,
    write_configuration,
)

_ASKED = {
    "name": "What is the mirror called?",
    "site": "Under which address will it be read?",
    "contact": "To which address do requests for removal come?",
    "operator": "Which address is asked when a person must decide?",
}


@click.command(epilog="Example: feedmirror init --feeds my-feeds.opml")
@click.argument(
    "file", default="mirror.toml", type=click.Path(path_type=Path, dir_okay=False), required=False
)
@click.option("--name", help="The mirror's name.")
@click.option("--site", help="The site's address, such as https://mirror.example.org.")
@click.option("--contact", help="Where requests for removal come to; its mail goes to SES.")
@click.option("--operator", help="Who is asked when a person must decide.")
@click.option("--feed", "urls", multiple=True, help="Mirror this feed; may be repeated.")
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
    counted = "1 feed" if len(feeds) == 1 else f"{len(feeds)} feeds"
    say(f"{file}: {counted if feeds else 'no feed yet, add some at its end'}. What next:")
    say(f"  feedmirror mirror --local --feeds {name}   mirrors them on this machine")
    say(f"  feedmirror cost {name}   tells what a month on AWS costs")
    say(f"  aws s3 cp {name} s3://ARCHIVE-BUCKET/config/mirror.toml   puts it in force there")


def _answers(told: dict[str, str | None]) -> dict[str, str]:
    """Return what the options say, and what is answered on a terminal where they say nothing."""
    missing = [f"--{name}" for name, value in told.items() if value is None]
    if missing and not sys.stdin.isatty():
        raise click.UsageError(f"no terminal to ask on: say {', '.join(missing)}")
    found: dict[str, str] = {}
    for name, question in _ASKED.items():
        given = told[name]
        default = _guess(name, found)
        found[name] = given if given is not None else click.prompt(question, default=default)
    return found


def _guess(name: str, found: dict[str, str]) -> str | None:
    """Return what is probably meant, from what was answered before."""
    host = host_of(found.get("site", "")) or ""
    return f"takedown@{host}" if name == "contact" and host else None
