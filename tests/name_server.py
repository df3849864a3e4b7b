"""A name server on loopback, written with dnspython's own messages."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Script = Callable[[dns.message.Message], dns.message.Message | bytes | None]


@contextmanager
def a_name_server(script: Script, *, port: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Answer questions as the script says; None is silence. Gives its port, and what was asked."""
    asked: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", port))
        server.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    packet, client = server.recvfrom(4096)
                except TimeoutError:
                    continue
                query = dns.message.from_wire(packet)
                asked.append(query.question[0].name.to_text())
                answer = script(query)
                if answer is not None:
                    wire = answer if isinstance(answer, bytes) else answer.to_wire()
                    server.sendto(wire, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], asked
        finally:
            over.set()
            thread.join()


def answering(*texts: str, kind: str = "TXT", code: dns.rcode.Rcode = dns.rcode.NOERROR) -> Script:
    """Return a script that gives these records, in the form of a zone file."""

    def script(query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        answer.set_rcode(code)
        name = query.question[0].name
        if texts:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *texts))
        return answer

    return script
