"""The mirror handler in Lambda's own runtime client, with S3 by moto's server over HTTP."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from builders import a_mirror
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from loopback import Answer, Publisher
from world import SITE, entry, rss

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
BUCKETS = ("runtime-archive", "runtime-site", "runtime-ledger")


class RuntimeApi(ThreadingHTTPServer):
    """The Lambda Runtime API, as far as a function uses it: next, response and error."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.outcomes: queue.Queue[tuple[str, Any]] = queue.Queue()

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
        self.send_header("Lambda-Runtime-Deadline-Ms", "99999999999999")
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


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint)
    for bucket in BUCKETS:
        client.create_bucket(Bucket=bucket)
    yield client, endpoint
    server.stop()


@pytest.fixture
def runtime() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    threading.Thread(target=api.serve_forever, daemon=True).start()
    yield api
    api.shutdown()
    api.server_close()


def test_two_scheduled_events_in_the_real_runtime_mirror_once_and_then_find_nothing(
    s3: tuple[Any, str], runtime: RuntimeApi
) -> None:
    client, endpoint = s3
    archive, site, ledger = BUCKETS
    environment = {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_address[1]}",
        "AWS_LAMBDA_FUNCTION_NAME": "mirror",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "FEEDMIRROR_ARCHIVE_BUCKET": archive,
        "FEEDMIRROR_SITE_BUCKET": site,
        "FEEDMIRROR_LEDGER_BUCKET": ledger,
        "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    command = [sys.executable, "-m", "awslambdaric", "feedmirror.handlers.mirror.handler"]
    with Publisher({"/feed": Answer(body=rss(entry(1)).encode())}) as publisher:
        feeds = (FeedSettings(url=publisher.url("/feed"), site=SITE),)
        text = write_configuration(Configuration(mirror=a_mirror(), feeds=feeds))
        client.put_object(Bucket=archive, Key="config/mirror.toml", Body=text.encode())
        function = subprocess.Popen(  # noqa: S603 -- our own interpreter and code
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            first = runtime.invoke({"version": "0", "source": "aws.scheduler", "detail": {}})
            second = runtime.invoke({})
        finally:
            function.kill()
            function.wait()

    assert (first[0], first[1]["created"], first[1]["failures"]) == ("response", 1, [])
    assert (second[0], second[1]["polled"]) == ("response", 0)  # not due yet
    page = client.get_object(Bucket=site, Key="index.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert b"Entry 1" in page["Body"].read()
