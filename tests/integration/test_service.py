"""The service as `serve` runs it, in this process: who waits for whom, and what is told."""

import os
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from builders import a_mirror
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.configuration import Configuration
from feedmirror.local.machine import Machine
from feedmirror.local.serving.service import Running, Service, Wishes, compose_service, open_ports
from feedmirror.ports.dns import DnsUnavailableError
from feedmirror.ports.object_store import ObjectSummary, StoreUnavailableError
from memory_store import MemoryStore
from signed_mail import a_mail, signed
from typed import forget

CONTACT = "takedown@mirror.example"
SECONDS = 20.0  # that a slow machine is waited for


@dataclass
class Told:
    """What was said, and a way to wait for it."""

    lines: list[str] = field(default_factory=list)

    def wait(self, text: str, times: int = 1) -> None:
        end = time.monotonic() + SECONDS
        while sum(text in line for line in self.lines) < times:
            assert time.monotonic() < end, (text, self.lines)
            time.sleep(0.01)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    before = dict(os.environ)
    forget()
    machine = Machine(tmp_path / "data")
    machine.configure(Configuration(mirror=a_mirror(contact=CONTACT), feeds=()))
    machine.enter()
    yield machine
    forget()
    os.environ.clear()
    os.environ.update(before)


def wishes(told: Told) -> Wishes:
    return Wishes(trusting=False, tell=told.lines.append, tables=list, notes=list)


@contextmanager
def running(
    machine: Machine, told: Told, change: Callable[[Service], Service] = lambda service: service
) -> Iterator[Service]:
    ports = open_ports(http=0, smtp=0)
    service = change(compose_service(machine, ports, wishes(told)))
    service.begin()
    try:
        yield service
    finally:
        assert service.end()


def send(service: Service, number: int, domain: str) -> None:
    headers = {
        "From": f"ann@{domain}",
        "To": CONTACT,
        "Subject": "Hello",
        "Date": "Sat, 28 Nov 2026 12:00:00 +0000",
        "Message-ID": f"<{number}@{domain}>",
    }
    mail = signed(a_mail(headers), domain)
    with smtplib.SMTP("127.0.0.1", service.ports.smtp.port, "x", timeout=SECONDS) as client:
        client.sendmail(f"ann@{domain}", [CONTACT], mail)


def test_a_mail_whose_name_servers_are_silent_keeps_nobody_else_waiting(machine: Machine) -> None:
    """Neither another mail nor the hour: it is judged beside the takedowns."""
    asked, answer = threading.Event(), threading.Event()

    class Silent:
        def txt(self, name: str) -> tuple[bytes, ...]:
            if "evil" not in name:
                return ()
            asked.set()
            assert answer.wait(SECONDS)
            raise DnsUnavailableError(name)

    told, hour = Told(), threading.Event()

    def silent(service: Service) -> Service:
        return replace(service, room=replace(service.room, dns=Silent))

    with running(machine, told, silent) as service:
        send(service, 1, "evil.example")
        assert asked.wait(SECONDS)
        send(service, 2, "honest.example")
        told.wait("mail: case")
        service.takedowns.put("another hour", hour.set, rank=1)
        assert hour.wait(SECONDS)
        answer.set()
        told.wait("DNS does not tell")
        assert len([line for line in told.lines if "mail: case" in line]) == 1


def test_what_fails_again_after_it_went_well_is_told_again(machine: Machine) -> None:
    class Shaky(MemoryStore):
        down = True

        def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
            if self.down:
                raise StoreUnavailableError("the disk is full")
            return super().list(prefix, after=after)

    told, store = Told(), Shaky()
    service = compose_service(machine, open_ports(http=0, smtp=0), wishes(told))
    service = replace(service, files=replace(service.files, mail=store))
    for down in (True, True, False, True):
        store.down = down
        service._export()  # noqa: SLF001 -- what every task ends with
    service.ports.close()

    assert told.lines == ["StoreUnavailableError: the disk is full; tried again"] * 2


def test_what_smtp_acknowledges_is_put_by_a_store_that_waits_for_the_disk(
    machine: Machine,
) -> None:
    """RFC 5321 §6.1; a crash of the machine is not to be had in a test."""
    service = compose_service(machine, open_ports(http=0, smtp=0), wishes(Told()))
    service.ports.close()

    assert service.room.mail == SqliteStore(machine.store, "mail", durable=True)


def test_a_run_that_is_to_end_is_told_that_its_time_is_over() -> None:
    """30 seconds: less than any job keeps back for storing what it has."""
    stopping = threading.Event()
    running = Running(stopping)
    assert running.get_remaining_time_in_millis() == 900_000

    stopping.set()

    assert running.get_remaining_time_in_millis() == 30_000
