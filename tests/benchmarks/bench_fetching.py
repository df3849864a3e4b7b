"""What polls cost: the fetcher beside raw libcurl, urllib3 and aiohttp, in one run.

``python tests/benchmarks/bench_fetching.py [polls]`` prints, for unchanged feeds (304), for feeds
of 60 kB in gzip, and for unchanged ones over TLS, the processor time of a poll and its ratio to
libcurl without any of our Python; then what a caller who is busy with each outcome has to wait for
polls of some latency; and the peak memory of 64 bodies of 8 MB. The publisher runs in a process of
its own, so only the client is counted; what counts is the ratio, not the time.
"""

import asyncio
import gzip
import multiprocessing
import os
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
import pycurl
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.sessions import TlsSessions
from feedmirror.ports.fetching import Fetched, FetchRequest

sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback import Answer, Publisher, Seen

ROUNDS = 5
AT_ONCE = 64
LATENCY, BUSY = 0.3, 0.15  # seconds: of a poll, and of a caller who stores a batch
BATCH = 32
ETAG = '"1"'
LOOPBACK = (ip_network("127.0.0.0/8"),)
ENTRY = "<item><title>Title {0}</title><link>https://example.org/{0}</link>{1}</item>"
BODY = gzip.compress(
    "".join(ENTRY.format(n, n * 7919 % 10007 * 12345) for n in range(700)).encode(), mtime=0
)
WHOLE = len(gzip.decompress(BODY))
LARGE = Answer(body=b"<rss>" + bytes(8 * 2**20 - 5))


@dataclass(frozen=True)
class Polls:
    """What is asked: some addresses, with an ETag or without, and whose certificates are trusted.

    ``sessions`` are those of TLS that a client keeps between runs, if it can.
    """

    urls: list[str]
    etag: str | None
    authority: str
    sessions: TlsSessions


Client = Callable[[Polls], list[int]]


def script(seen: Seen) -> Answer:
    """Answer as a publisher of validators does; some paths are slow, or large."""
    if seen.target == "/large":
        return LARGE
    pause = LATENCY if seen.target == "/slow" else 0
    if seen.header("if-none-match") == ETAG:
        fresh = (("ETag", ETAG), ("Cache-Control", "max-age=600"))
        return Answer(304, headers=fresh, pause=pause)
    headers = (("ETag", ETAG), ("Content-Encoding", "gzip"), ("Content-Type", "text/xml"))
    return Answer(headers=headers, body=BODY, pause=pause)


def publish(pipe: Connection, certificate: str | None) -> None:
    """Serve every address of loopback until the other side says stop."""
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    with Publisher(script, address="0.0.0.0", tls=tls) as publisher:  # noqa: S104 -- all of 127.0.0.0/8
        pipe.send(publisher.port)
        pipe.recv()


@contextmanager
def publisher(certificate: str | None = None) -> Iterator[int]:
    """Run the publisher beside this process and yield its port."""
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=publish, args=(there, certificate))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join()


def certify(path: Path, hosts: list[str]) -> str:
    """Write a certificate of its own authority for some addresses, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback publisher")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host)) for host in hosts])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    form, encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    path.write_bytes(key.private_bytes(pem, form, encryption) + signed.public_bytes(pem))
    return str(path)


def with_fetcher(polls: Polls) -> list[int]:
    """Poll with the fetcher; return each body's size."""
    polite = CurlFetcher(
        user_agent="bench",
        allowed_networks=LOOPBACK,
        certificates=polls.authority,
        sessions=polls.sessions,
    )
    outcomes = list(polite.fetch(FetchRequest(url, polls.etag) for url in polls.urls))
    return [len(outcome.body) for outcome in outcomes if isinstance(outcome, Fetched)]


def with_libcurl(polls: Polls) -> list[int]:
    """Poll with libcurl's multi interface and nothing else; return each body's size."""
    multi, urls, sizes = pycurl.CurlMulti(), iter(polls.urls), []
    bodies: dict[Any, bytearray] = {}

    def start(handle: Any) -> None:  # noqa: ANN401 -- a pycurl.Curl
        url = next(urls, None)
        if url is not None:
            bodies[handle] = bytearray()
            handle.setopt(pycurl.URL, url)
            handle.setopt(pycurl.WRITEFUNCTION, bodies[handle].extend)
            multi.add_handle(handle)

    for _ in range(AT_ONCE):
        handle = pycurl.Curl()
        lines = ["Accept-Encoding: gzip", *([f"If-None-Match: {ETAG}"] if polls.etag else [])]
        handle.setopt(pycurl.HTTPHEADER, lines)
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.CAINFO, polls.authority)
        start(handle)
    while bodies:
        multi.perform()
        _, good, _ = multi.info_read()
        for handle in good:
            multi.remove_handle(handle)
            body = bodies.pop(handle)
            sizes.append(len(gzip.decompress(body)) if body else 0)
            start(handle)
        if not good:
            multi.select(1.0)
    return sizes


def with_threads(polls: Polls) -> list[int]:
    """Poll with sixteen threads on one urllib3 pool; return each body's size."""
    headers = {"Accept-Encoding": "gzip", **({"If-None-Match": ETAG} if polls.etag else {})}
    pool = urllib3.PoolManager(num_pools=len(polls.urls), maxsize=1, ca_certs=polls.authority)
    with pool, ThreadPoolExecutor(16) as threads:
        answers = threads.map(lambda url: pool.request("GET", url, headers=headers), polls.urls)
        return [len(answer.data) for answer in answers]


def with_aiohttp(polls: Polls) -> list[int]:
    """Poll with aiohttp, as many at once as the fetcher; return each body's size."""
    headers = {"If-None-Match": ETAG} if polls.etag else {}

    async def poll(session: aiohttp.ClientSession, url: str) -> int:
        async with session.get(url, headers=headers) as answer:
            return len(await answer.read())

    async def poll_all() -> list[int]:
        trusted = ssl.create_default_context(cafile=polls.authority)
        connector = aiohttp.TCPConnector(limit=AT_ONCE, ssl=trusted)
        async with aiohttp.ClientSession(connector=connector) as session:
            return await asyncio.gather(*(poll(session, url) for url in polls.urls))

    return asyncio.run(poll_all())


CLIENTS: dict[str, Client] = {
    "libcurl": with_libcurl,
    "fetcher": with_fetcher,
    "urllib3": with_threads,
    "aiohttp": with_aiohttp,
}


def cpu_of(client: Client, polls: Polls) -> float:
    """Return the milliseconds of a processor for a poll; raises ValueError if one was lost."""
    began = time.process_time()
    sizes = client(polls)
    spent = time.process_time() - began
    if sizes != [0 if polls.etag else WHOLE] * len(polls.urls):
        raise ValueError(f"{len(sizes)} of {len(polls.urls)} polls were answered")
    return 1000 * spent / len(polls.urls)


def compare(name: str, polls: Polls) -> str:
    """Return a line with every client's time; rounds are of all in turn."""
    rounds = [{each: cpu_of(CLIENTS[each], polls) for each in CLIENTS} for _ in range(ROUNDS)]
    told = []
    for client in CLIENTS:
        spent = statistics.median(times[client] for times in rounds)
        ratio = statistics.median(times[client] / times["libcurl"] for times in rounds)
        told.append(f"{client} {spent:.2f} ms ({ratio:.1f})")
    return f"{name}: " + ", ".join(told)


def beside_a_busy_caller(urls: list[str]) -> str:
    """Return how long polls take alone, what the caller does alone, and both together."""
    polite = CurlFetcher(user_agent="bench", allowed_networks=LOOPBACK)
    alone, caller = wall_of(polite.fetch(map(FetchRequest, urls)), 0), wall_of(urls, BUSY)
    together = wall_of(polite.fetch(map(FetchRequest, urls)), BUSY)
    return (
        f"{len(urls)} polls of {LATENCY:g} s each take {alone:.1f} s, a caller of {BUSY:g} s for"
        f" {BATCH} of them {caller:.1f} s, both together {together:.1f} s"
    )


def wall_of(outcomes: Iterable[object], busy: float) -> float:
    """Return the seconds until all is taken, by a caller who is busy with each batch."""
    began = time.monotonic()
    for number, _ in enumerate(outcomes, start=1):
        if number % BATCH == 0:
            time.sleep(busy)
    return time.monotonic() - began


def peak_memory() -> float:
    """Return the peak megabytes of this process: getrusage has those of its parent in it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def take_large(urls: list[str], pipe: Connection) -> None:
    """Take large bodies, slowly, and tell the peak megabytes above what was there before."""
    polite = CurlFetcher(user_agent="bench", allowed_networks=LOOPBACK)
    before = peak_memory()
    taken = 0
    for outcome in polite.fetch(map(FetchRequest, urls)):
        taken += isinstance(outcome, Fetched)
        del outcome
        time.sleep(0.02)
    pipe.send((taken, peak_memory() - before))


def memory_of_large_bodies(urls: list[str]) -> str:
    """Return what the largest bodies take, in a process of their own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=take_large, args=(urls, there))
    process.start()
    taken, peak = here.recv()
    process.join()
    return f"{taken} of {len(urls)} bodies of 8 MB at once: {peak:.0f} MB more at the peak"


def addresses(count: int) -> list[str]:
    """Return a host for each poll, as most feeds have."""
    return [f"127.{n // 40000}.{n // 200 % 200}.{n % 200 + 2}" for n in range(count)]


def lines(polls: int) -> Iterator[str]:
    """Measure, and yield what was found."""
    hosts, sessions = addresses(polls), TlsSessions()
    few = list(islice(hosts, 300))  # of one certificate
    with tempfile.TemporaryDirectory() as folder:
        authority = certify(Path(folder) / "authority.pem", few)
        with publisher() as port:
            urls = [f"http://{host}:{port}/" for host in hosts]
            yield compare("unchanged, 304", Polls(urls, ETAG, authority, sessions))
            yield compare("60 kB in gzip", Polls(urls, None, authority, sessions))
            yield beside_a_busy_caller([f"{url}slow" for url in urls[:640]])
            yield memory_of_large_bodies([f"{url}large" for url in urls[:AT_ONCE]])
        with publisher(authority) as port:
            urls = [f"https://{host}:{port}/" for host in few]
            yield compare("unchanged, over TLS", Polls(urls, ETAG, authority, sessions))


def main() -> None:
    """Print what was found."""
    for line in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(line + os.linesep, end="", flush=True)  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    main()
