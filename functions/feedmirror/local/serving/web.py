"""HTTP on loopback: the site for everybody, the console for whoever has its address.

A reverse proxy in front speaks TLS and is what the world sees.
"""

from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from feedmirror.local.serving.console import CONSOLE, Console
from feedmirror.local.serving.places import LOOPBACK, PortTakenError, is_taken
from feedmirror.local.serving.site import SECURITY_HEADERS, Answer, answer_of
from feedmirror.ports.object_store import ObjectStore, StoreUnavailableError

_PATIENCE = 30.0  # seconds that a silent reader is waited for


@dataclass(frozen=True, slots=True)
class Web:
    """What is shown by HTTP."""

    site: ObjectStore
    console: Console

    def answer(self, target: str, *, host: str, known: str | None) -> Answer:
        """Answer a request; ``host`` and ``known`` are its Host and If-None-Match."""
        path = target.partition("?")[0].partition("#")[0]
        try:
            if path.startswith(CONSOLE):
                return self.console.answer(path, host=host)
            return answer_of(self.site, path, known=known)
        except StoreUnavailableError:
            words = "The store does not answer. Try again in a moment."
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, words, **{"Retry-After": "5"})
        except Exception as error:  # noqa: BLE001 -- else the reader sees an empty page
            words = f"{type(error).__name__}: this page cannot be made."
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, words)


def _refusal(status: HTTPStatus, words: str, **headers: str) -> Answer:
    """Return a line of text; no cache keeps it, and no browser takes it for more."""
    plain = {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-store",
        **SECURITY_HEADERS,
    }
    return Answer(status, {**plain, **headers}, f"{words}\n".encode())


class WebServer(ThreadingHTTPServer):
    """A server on loopback; it listens from the start and answers once :meth:`begin` is called."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        """Listen; raises PortTakenError."""
        self.web: Web | None = None
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            if is_taken(error):
                raise PortTakenError("--http-port", port, error) from error
            raise

    def begin(self, web: Web) -> None:
        """Answer from now on."""
        self.web = web
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def end(self) -> None:
        """Answer no more."""
        if self.web is not None:
            self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a reader that hangs up is no concern."""


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, one request a connection."""

    server: WebServer
    timeout = _PATIENCE
    default_request_version = "HTTP/1.0"  # else what is no request is answered without a status

    def do_GET(self) -> None:
        """Answer with what the path names."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body (RFC 9110 §9.3.2)."""
        self._answer(with_body=False)

    def version_string(self) -> str:
        """Say what serves, and nothing of what it runs on."""
        return "feedmirror"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse in one line; a method that is not known here is not allowed (RFC 9110 §15.5.6)."""
        del explain
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.METHOD_NOT_ALLOWED
            refusal = _refusal(status, status.phrase, Allow="GET, HEAD")
        else:
            refusal = _refusal(status, message or status.phrase)
        self._send(refusal, with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        web = self.server.web
        if web is not None:
            host, known = self.headers.get("Host", ""), self.headers.get("If-None-Match")
            self._send(web.answer(self.path, host=host, known=known), with_body=with_body)

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)
