"""The whole internet on one machine: a network of its own in which every address leads back here.

Linux treats all addresses as local where a route says so ("AnyIP"), and an unprivileged user may
have a network namespace with such routes. One child lives in it, with the product and with plain
clients; its name server and its servers are scripted by each :class:`Case`. What anybody dials is
read off the wire, below every library: the first packet of each TCP connection, and each datagram
that is no question to the name server. Nothing leaves the machine.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from unittest.mock import patch

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pycurl

from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.networks import may_dial
from feedmirror.adapters.websub import WebSubHub
from feedmirror.ports.fetching import Fetched, FetchRequest
from memory_world import MemoryWorld
from name_server import a_name_server
from typed import run_here
from world import Documents

# The publishers of this internet; every other address is the inside, or a stranger's.
PUBLIC_IPV4, PUBLIC_IPV6 = "93.184.215.14", "2606:2800:21f:cb07::14"
PUBLISHERS = {PUBLIC_IPV4, PUBLIC_IPV6}
WEB_PORTS = {80, 443, 8080, 8443}
NAME = "news.example"
CANARY = "what only the inside says"
# Who listens, at every address; 8443 is left out, so that it refuses.
_LISTENING = (22, 25, 80, 443, 3128, 6379, 8080, 9001, 11211)
_RESOLVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
_ENTER = """
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo
mount --bind "$1" /etc/resolv.conf
shift
exec "$@"
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is asked, of which world.

    ``asks`` are addresses, one run each, or command lines. ``names`` has for a name what each
    look-up of it is answered, in turn; the last stays. ``answers`` are whole HTTP messages by path,
    in latin-1, from the publishers. ``client`` is who asks, ``without`` one guard of the fetcher's.
    """

    asks: Sequence[str]
    names: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    client: str = "fetcher"
    without: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of a case: who was dialled, what was said, and what the publishers were asked."""

    dialled: Sequence[tuple[str, int]]
    said: Sequence[str]
    asked: Sequence[str]
    seconds: float

    @property
    def escapes(self) -> list[tuple[str, int]]:
        """Whom nobody may dial: everybody but a publisher on a web port."""
        return [
            (address, port)
            for address, port in self.dialled
            if address not in PUBLISHERS or port not in WEB_PORTS
        ]


class Internet:
    """The parent's end: one case after another."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        """Talk to a child by its standard input and output."""
        self._child = child

    def ask(self, case: Case) -> Told:
        """Have one case happen."""
        to, of = self._child.stdin, self._child.stdout
        assert to is not None
        assert of is not None
        print(json.dumps(asdict(case)), file=to, flush=True)
        line = of.readline()
        if not line:
            _, why = self._child.communicate(timeout=10)
            raise RuntimeError(f"the child has died of {case}:\n{why}")
        told = json.loads(line)
        dialled = [(address, port) for address, port in told.pop("dialled")]
        return Told(dialled=dialled, **told)


@contextmanager
def an_internet() -> Iterator[Internet]:
    """Yield an internet of its own; raises OSError, with the reason, where there can be none."""
    for tool in ("unshare", "ip", "mount"):
        if shutil.which(tool) is None:
            raise OSError(f"{tool} is not installed")
    with tempfile.TemporaryDirectory() as home:
        resolver = Path(home) / "resolv.conf"
        resolver.write_text(_RESOLVER)
        command = ["unshare", "-rnm", "sh", "-ec", _ENTER, "sh", str(resolver)]
        command += [sys.executable, __file__]
        paths = os.pathsep.join(path for path in sys.path if path)
        with subprocess.Popen(  # noqa: S603 -- our own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": home, "PYTHONPATH": paths},
        ) as child:
            assert child.stdout is not None
            if child.stdout.readline().strip() != "ready":
                _, why = child.communicate(timeout=10)
                raise OSError(f"no network namespace: {why.strip()[-300:]}")
            yield Internet(child)
            if child.poll() is None:
                child.communicate(timeout=10)


# ------------------------------------------------------------------ the child's side


class _Wire:
    """Every packet of the namespace, read by :meth:`dialled` after the fact."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**25)  # what is allowed
        self._socket.settimeout(0)

    def dialled(self) -> list[tuple[str, int]]:
        """Return whom somebody has dialled since the last time, each once, in order."""
        found: dict[tuple[str, int], None] = {}
        with suppress(BlockingIOError):
            while True:
                frame, origin = self._socket.recvfrom(128)
                if origin[2] == socket.PACKET_OUTGOING and (whom := _dialled(frame[14:])):
                    found[whom] = None
        # Two counters: packets, and those for which there was no room.
        if int.from_bytes(self._socket.getsockopt(263, 6, 8)[4:], sys.byteorder):
            raise RuntimeError("the wire was not read whole")
        return list(found)


def _dialled(packet: bytes) -> tuple[str, int] | None:
    if packet[0] >> 4 == 4:
        protocol, after = packet[9], (packet[0] & 15) * 4
        address = socket.inet_ntop(socket.AF_INET, packet[16:20])
    else:
        protocol, after = packet[6], 40
        address = socket.inet_ntop(socket.AF_INET6, packet[24:40])
    port = int.from_bytes(packet[after + 2 : after + 4], "big")
    if protocol == socket.IPPROTO_TCP:
        flags = packet[after + 13]
        return (address, port) if flags & 0x12 == 0x02 else None  # SYN without ACK
    source = int.from_bytes(packet[after : after + 2], "big")
    is_dns = address == "127.0.0.1" and 53 in {port, source}
    return (address, port) if protocol == socket.IPPROTO_UDP and not is_dns else None


class _Servers:
    """Whoever is dialled: the publishers say their lines, everybody else the canary."""

    def __init__(self) -> None:
        self.answers: Mapping[str, str] = {}
        self.asked: list[str] = []
        for port in _LISTENING:
            listener = socket.create_server(
                ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64
            )
            threading.Thread(target=self._accept, args=[listener], daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        address = connection.getsockname()[0].removeprefix("::ffff:")
        with suppress(OSError), connection:
            connection.settimeout(2)
            request = connection.recv(65536).decode("latin-1")
            body = CANARY
            if address in PUBLISHERS:
                self.asked.append(request)
                path = request.partition(" ")[2].partition(" ")[0]
                if path in self.answers:
                    connection.sendall(self.answers[path].encode("latin-1"))
                    return
                body = ""
            status = 200 if body else 404
            head = f"HTTP/1.1 {status} Scripted\r\nContent-Length: {len(body)}\r\n"
            connection.sendall(f"{head}Connection: close\r\n\r\n{body}".encode())


class _Zone:
    """What the name server says; each look-up of a name counts by itself, for A and for AAAA."""

    def __init__(self) -> None:
        self.names: Mapping[str, Sequence[Sequence[str]]] = {}
        self.seen: Counter[tuple[str, str]] = Counter()

    def script(self, query: dns.message.Message) -> dns.message.Message | None:
        name = query.question[0].name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        turns = self.names.get(name)
        if turns is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer
        said = turns[min(self.seen[name, kind], len(turns) - 1)]
        self.seen[name, kind] += 1
        if "silence" in said:
            return None
        for record in said:
            owner, _, rest = record.rpartition(": ")
            its_kind, _, value = rest.partition(" ")
            if its_kind in {kind, "CNAME"}:
                owner = f"{owner or name}."
                answer.answer.append(dns.rrset.from_text(owner, 1, "IN", its_kind, value))
        return answer


# What stands in place of a guard: what a careless, or a merely careful, fetcher has there.
_GUARDS: Mapping[str, tuple[str, Any]] = {
    "the seam": ("transfers.may_dial", lambda *_, **__: True),
    "the table": ("networks._is_public", lambda address: address.is_global),
    "web ports": ("networks.PUBLIC_PORTS", range(65536)),
}


@contextmanager
def _less(guard: str) -> Iterator[None]:
    if not guard:
        yield
        return
    name, instead = _GUARDS[guard]
    may_dial.cache_clear()
    with patch(f"feedmirror.adapters.{name}", instead):
        yield
    may_dial.cache_clear()


def _by_fetcher(asks: Sequence[str]) -> Iterator[str]:
    fetcher = CurlFetcher(
        user_agent="test",
        timeout=timedelta(seconds=3),
        connect_timeout=timedelta(seconds=2),
    )
    for url in asks:
        for outcome in fetcher.fetch([FetchRequest(url)]):
            if isinstance(outcome, Fetched):
                yield f"{outcome.status} {outcome.body.decode('latin-1')}"
            else:
                yield f"{outcome.failure}: {outcome.detail}"


def _by_fetcher_at_once(asks: Sequence[str]) -> Iterator[str]:
    fetcher = CurlFetcher(user_agent="test", connect_timeout=timedelta(seconds=1))
    began = time.monotonic()
    for outcome in fetcher.fetch([FetchRequest(url) for url in asks]):
        status = str(outcome.status) if isinstance(outcome, Fetched) else str(outcome.failure)
        yield f"{outcome.request.url} {status} {time.monotonic() - began:.2f}"


def _by_hub(asks: Sequence[str]) -> Iterator[str]:
    for url in asks:
        hub = WebSubHub(address=url, user_agent="test", timeout=timedelta(seconds=2))
        yield hub.tell(["https://mirror.example.org/feed.xml"])


def _by_mirror(asks: Sequence[str]) -> Iterator[str]:
    """Mirror feeds as a whole run does, and again when their older documents are due."""
    with Documents() as unused:
        world = MemoryWorld(unused)
        world.networks = []
        for url in asks:
            world.configure(url, site=url)
        for _ in range(3):
            report = world.run()
            yield json.dumps(report.to_dict())
            world.later(2)
        yield from (body.decode() for body in world.all(world.stores.archive, "").values())


def _by_curl(asks: Sequence[str]) -> Iterator[str]:
    """Ask as a script does that knows nothing of all this: the plainest use of libcurl."""
    for url in asks:
        handle, body = pycurl.Curl(), bytearray()
        handle.setopt(pycurl.URL, url.encode("utf-8", "surrogateescape").partition(b"\0")[0])
        handle.setopt(pycurl.FOLLOWLOCATION, 1)
        handle.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_ALL)
        handle.setopt(pycurl.WRITEFUNCTION, body.extend)
        handle.setopt(pycurl.TIMEOUT_MS, 250)
        handle.setopt(pycurl.NOSIGNAL, 1)
        with suppress(pycurl.error):
            handle.perform()
        handle.close()
        yield body.decode("latin-1")


def _by_urllib(asks: Sequence[str]) -> Iterator[str]:
    """Ask by the standard library."""
    for url in asks:
        with suppress(Exception), urllib.request.urlopen(url, timeout=0.25) as answer:  # noqa: S310 -- what it may do is the question
            yield answer.read(1000).decode("latin-1")


_CLIENTS = {
    "fetcher": _by_fetcher,
    "at once": _by_fetcher_at_once,
    "hub": _by_hub,
    "mirror": _by_mirror,
    "curl": _by_curl,
    "urllib": _by_urllib,
}


def _ask(case: Case, home: Path) -> list[str]:
    for name, text in case.files.items():
        (home / name).write_text(text)
    with patch.dict(os.environ, {**case.environment, "HOME": str(home)}), _less(case.without):
        if case.client == "command":
            done = [
                run_here(*command.split(), cwd=home, **case.environment) for command in case.asks
            ]
            return [said for each in done for said in (each.out, each.err)]
        return list(_CLIENTS[case.client](case.asks))


def _happen(case: Case, wire: _Wire, zone: _Zone, servers: _Servers) -> dict[str, Any]:
    public = [f"A {PUBLIC_IPV4}", f"AAAA {PUBLIC_IPV6}"]
    zone.names, servers.answers = {NAME: [public], **case.names}, case.answers
    zone.seen.clear()
    servers.asked.clear()
    wire.dialled()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        said = _ask(case, Path(home))
    seconds = time.monotonic() - began
    asked = list(servers.asked)
    return {"dialled": wire.dialled(), "said": said, "asked": asked, "seconds": seconds}


def _live(commands: IO[str], answers: IO[str]) -> None:
    wire, zone, servers = _Wire(), _Zone(), _Servers()
    with a_name_server(zone.script, port=53):
        print("ready", file=answers, flush=True)
        for line in commands:
            told = _happen(Case(**json.loads(line)), wire, zone, servers)
            print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    _live(sys.stdin, sys.stdout)
