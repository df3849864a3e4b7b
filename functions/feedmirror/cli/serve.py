"""``feedmirror serve``: the whole mirror on this machine, until it is told to stop."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedmirror.adapters.clock import utc_now
from feedmirror.characters import printable
from feedmirror.cli.folders import CONTACT, DEFAULT_FOLDER, FEED, FEEDS, NOBODY
from feedmirror.cli.local_feeds import Wanted, leave_others_alone, settle
from feedmirror.cli.output import counted, print_table, say
from feedmirror.configuration import Configuration
from feedmirror.local.machine import Machine
from feedmirror.local.serving.places import LOOPBACK, FolderTakenError, PortTakenError, hold

if TYPE_CHECKING:
    from feedmirror.local.serving.service import Ports, Service

_EXAMPLE = "Example: feedmirror serve --feeds my-feeds.opml --contact you@example.org"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PORT = click.IntRange(0, 65535)


@click.command(epilog=_EXAMPLE)
@click.option(
    "--data",
    "--local",
    "folder",
    default=DEFAULT_FOLDER,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder that keeps everything, also across restarts.",
)
@FEEDS
@FEED
@CONTACT
@click.option("--http-port", type=_PORT, default=8000, show_default=True, help="0: any free one.")
@click.option("--smtp-port", type=_PORT, default=8025, show_default=True, help="0: any free one.")
@click.option(
    "--trust-sender", is_flag=True, help="Believe every From, for trying it out. Never in earnest."
)
def serve(
    folder: Path,
    *,
    http_port: int,
    smtp_port: int,
    trust_sender: bool,
    **feeds: Any,  # noqa: ANN401 -- click's
) -> None:
    """Run the whole mirror on this machine: it polls, shows the site, takes mail by SMTP.

    It listens on loopback only. For the world, put a reverse proxy with TLS before the site's port
    and a mail server before the other. Ctrl-C ends it; everything is kept.
    """
    from feedmirror.local.serving.service import open_ports  # noqa: PLC0415 -- aiosmtpd

    try:
        with hold(folder), _signals_kept():
            ports = open_ports(http=http_port, smtp=smtp_port)
            _run(Machine(folder), ports, Wanted(**feeds), trusting=trust_sender)
    except (FolderTakenError, PortTakenError) as error:
        raise click.ClickException(str(error)) from error


def _run(machine: Machine, ports: "Ports", wanted: Wanted, *, trusting: bool) -> None:
    from feedmirror.cli.desk import Desk  # noqa: PLC0415 -- with all of takedowns
    from feedmirror.cli.waiting import standstill, waiting_cases  # noqa: PLC0415 -- the same
    from feedmirror.local.serving.service import Wishes, compose_service  # noqa: PLC0415 -- as above

    try:
        site = f"http://localhost:{ports.web.server_port}"
        leave_others_alone(machine)
        configuration = settle(machine, wanted, site=site)
        machine.remove_export()  # files would keep what is taken down from now on
        machine.enter()
        wishes = Wishes(
            trusting=trusting,
            tell=_tell,
            tables=lambda: [waiting_cases(Desk(machine.folder))],
            notes=lambda: standstill(Desk(machine.folder)),
        )
        service = compose_service(machine, ports, wishes)
    except BaseException:
        ports.close()
        raise
    service.begin()
    _print_places(machine, service, configuration, trusting=trusting)
    for note in wishes.notes():
        _tell(note)
    signal.sigwait(_SIGNALS)
    _tell("stopping: what runs is brought to its end; Ctrl-C again ends it at once")
    _let_signals_kill()
    if not service.end():
        _tell("what still ran is cut off; the next start carries it on")


def _print_places(
    machine: Machine, service: "Service", configuration: Configuration, *, trusting: bool
) -> None:
    web, smtp = service.ports.web.server_port, service.ports.smtp.port
    local = f"http://localhost:{web}"  # as its own pages and mails name it, where they do
    origin = local if configuration.mirror.site == local else f"http://{LOOPBACK}:{web}"
    rows = [
        ("site", f"{origin}/"),
        ("console", f"{origin}{service.web.console.path}"),
        ("mail", f"smtp://{LOOPBACK}:{smtp} for {configuration.mirror.contact}"),
        ("data", f"{machine.folder.resolve()} ({counted(len(configuration.feeds), 'feed')})"),
    ]
    print_table(("", "~"), rows)
    if configuration.mirror.contact == NOBODY:
        say("Nobody can be written to: publishers see --contact in every request, so name one.")
    if trusting:
        say("EVERY MAIL IS TAKEN AS PROVED (--trust-sender): anybody who reaches this port can")
        say("have anything taken down. For trying it out only.")
    sys.stdout.flush()


def _tell(line: str) -> None:
    """Print one line with its time (UTC), while there is somebody to read it.

    Nothing in it steers the terminal.
    """
    with suppress(OSError, ValueError):  # the reader has seen enough, and the mirror goes on
        say(f"{utc_now():%H:%M:%S} {printable(line)}")
        sys.stdout.flush()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Keep what would end the process for whoever waits for it, in every thread."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _let_signals_kill() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
