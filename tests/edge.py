"""What runs at the edge, taken from the template and run by Node as CloudFront would."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from needed import missing
from stack_template import resources

CODE = {name: f["FunctionCode"] for name, f in resources("AWS::CloudFront::Function").items()}
# Code generation is off, as at CloudFront, and there is nothing but the language itself.
_HARNESS = """
const vm = require('vm');
const [code, events] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const answers = events.map((event) => {
  const context = vm.createContext({}, { codeGeneration: { strings: false, wasm: false } });
  vm.runInContext('"use strict";' + code, context);
  context.event = event;
  return vm.runInContext('handler(event)', context);
});
console.log(JSON.stringify(answers));
"""


def at_the_edge(name: str, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a function makes of each event."""
    node = shutil.which("node") or missing("no Node to run the edge's functions with")
    found = subprocess.run(  # noqa: S603 -- Node, with our own code
        [node, "-e", _HARNESS],
        input=json.dumps([CODE[name], events]),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[dict[str, Any]] = json.loads(found.stdout)
    return answers


def request_of(uri: str) -> dict[str, Any]:
    """Return the event of a viewer's request."""
    return {"request": {"method": "GET", "uri": uri, "querystring": {}, "headers": {}}}


def response_of(status: int, **headers: str) -> dict[str, Any]:
    """Return the event of an answer of the origin."""
    given = {name.replace("_", "-"): {"value": value} for name, value in headers.items()}
    return {
        "request": {"method": "GET", "uri": "/news.example.com/abc/index.html"},
        "response": {"statusCode": status, "statusDescription": "OK", "headers": given},
    }


def asked(uri: str) -> dict[str, Any]:
    """Return what becomes of a request."""
    return at_the_edge("CompleteIndex", [request_of(uri)])[0]


def answered(status: int, **headers: str) -> dict[str, Any]:
    """Return what becomes of an answer of the origin."""
    return at_the_edge("GoneStatus", [response_of(status, **headers)])[0]
