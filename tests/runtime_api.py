"""The Lambda Runtime API, as far as a function uses it, and functions run as Lambda does."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
FAR = 99_999_999_999_999  # milliseconds since 1970
IN_THIS_ENVIRONMENT = (sys.executable, "-m", "awslambdaric")


class RuntimeApi(ThreadingHTTPServer):
    """The Lambda Runtime API, as far as a function uses it: next, response and error."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.outcomes: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.deadline = FAR

    def invoke(self, event: dict[str, Any]) -> tuple[str, Any]:
        """Hand an event to the function; return what became of it and the payload."""
        self.events.put(event)
        return self.outcomes.get(timeout=60)


class _Call(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_GET(self) -> None:
        event = json.dumps(self.server.events.get()).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-0000-0000-000000000001")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(self.server.deadline))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:x:1:function:m")
        self.send_header("Content-Type", "application/json")  # the client crashes without one
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.outcomes.put((self.path.rpartition("/")[2], json.loads(body)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def function(
    name: str, variables: dict[str, str], *, client: Sequence[str] = IN_THIS_ENVIRONMENT
) -> Iterator[RuntimeApi]:
    """Run one of our functions as Lambda does, with a Runtime API of its own.

    ``client`` is the command of the runtime client; it has these variables and no others.
    """
    runtime = RuntimeApi()
    threading.Thread(target=runtime.serve_forever, daemon=True).start()
    environment = {
        **CREDENTIALS,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_address[1]}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8",
        **variables,
    }
    command = [*client, f"feedmirror.handlers.{name}.handler"]
    process = subprocess.Popen(  # noqa: S603 -- our own interpreter and code
        command, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        yield runtime
    finally:
        process.kill()
        process.wait()
        runtime.shutdown()
        runtime.server_close()
