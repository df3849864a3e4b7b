"""Pages of strangers' markup opened in a real browser, and what they do there.

Every page has a frame and a host of its own, so that none can touch another. The engine itself
tells of each script that it compiles, and the network stack of each request, so that nothing that a
page does has to be guessed from its traces; what a page calls is told beside it.
"""

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from chromium import BrowserStuckError, Chromium, Event

PAGE = "/news.example.com/item/"
STYLE = "/style.css"
_DOMAIN = "vectors.test"
_LAB = f"lab.{_DOMAIN}"
_HOST = re.compile(rf"v(\d+)\.{re.escape(_DOMAIN)}")
_NOT_THEIRS = ("lab.js", "chrome-error:")  # ours; the browser's own page for what it blocked
_SECONDS, _SECONDS_A_PAGE = 6.0, 0.4  # for a batch of pages
_SETTLING = 0.3  # seconds for what a page does after all has been done to it
_WEB = ("http", "https", "ws", "wss", "ftp")

# Runs before anything else in every frame, whatever its policy. It marks what only a script can
# call, and when all is loaded does what a reader could: every event that an element listens to, a
# click on every link. A link to the web is not followed, since that is no automatic load.
_INSTRUMENT = """
(() => {
  const tell = window.labTell;
  const say = what => { try { tell(what); } catch { } };
  const mark = (owner, name) => { try {
    owner[name] = () => { say('called ' + name); return null; };
  } catch { } };
  'alert confirm prompt print open fetch eval postMessage find stop'.split(' ')
    .forEach(name => mark(window, name));
  'write writeln execCommand'.split(' ').forEach(name => mark(document, name));
  'log info warn error debug'.split(' ').forEach(name => mark(console, name));
  mark(navigator, 'sendBeacon');
  mark(XMLHttpRequest.prototype, 'open');
  // An input named "attributes" stands before its form's own property of that name, so whatever
  // an element is asked for is asked by the functions of its class.
  const of = (owner, name) => Function.prototype.call.bind(owner.prototype[name]);
  const dispatch = of(EventTarget, 'dispatchEvent'), matches = of(Element, 'matches');
  const stating = of(Element, 'getAttribute'), names = of(Element, 'getAttributeNames');
  const submit = of(HTMLFormElement, 'requestSubmit');
  const every = of(Document, 'querySelectorAll');
  const wayOf = element => {
    const own = element.href?.animVal ?? element.href ?? element.action;
    return typeof own === 'string' ? own : stating(element, 'action') ?? '';
  };
  const leadsTo = element => {
    const way = wayOf(element);
    try { return way && new URL(way, location).protocol; } catch { return ''; }
  };
  const staying = event => {
    const way = event.composedPath()
      .find(each => each instanceof Element && (wayOf(each) || each.formAction));
    if (way && leadsTo(way) !== 'javascript:') event.preventDefault();
  };
  addEventListener('click', staying, true);
  addEventListener('submit', staying, true);
  const ACTIVE = 'a,area,button,form,input,label,option,summary,svg,svg *,math *'
    + ',[href],[onclick],[tabindex]';
  const act = () => {
    for (const element of every(document, '*')) {
      const events = names(element).filter(name => /^on/i.test(name));
      for (const name of events)
        for (const target of element === document.body ? [element, window] : [element])
          dispatch(target, new Event(name.slice(2).toLowerCase(), {cancelable: true}));
      const to = leadsTo(element);
      if (!['http:', 'https:', 'mailto:', ''].includes(to)) say('leads to ' + to);
      if (!matches(element, ACTIVE)) continue;
      try { element.focus?.(); } catch { }
      try { if (element instanceof HTMLFormElement) submit(element); } catch { }
      dispatch(element,
        new MouseEvent('click', {bubbles: true, cancelable: true, composed: true, view: window}));
    }
    setTimeout(() => say('done'), 30);
  };
  let begun = false;
  const begin = () => { if (!begun) { begun = true; setTimeout(act, 20); } };
  addEventListener('load', begin);
  addEventListener('DOMContentLoaded', () => setTimeout(begin, 2500));
})();
//# sourceURL=lab.js
"""


@dataclass(slots=True)
class Seen:
    """What the pages of a run did, by the number of each."""

    executed: dict[int, set[str]] = field(default_factory=dict)
    loaded: dict[int, set[str]] = field(default_factory=dict)
    images: dict[int, set[str]] = field(default_factory=dict)  # by https, as the policy allows
    hints: dict[int, set[str]] = field(default_factory=dict)  # asked ahead by https: rel=prefetch
    odd_links: dict[int, set[str]] = field(default_factory=dict)
    stuck: set[int] = field(default_factory=set)

    def add(self, kind: dict[int, set[str]], page: int, what: str) -> None:
        """Note what a page did."""
        kind.setdefault(page, set()).add(what[:300])


@dataclass(slots=True)
class _Watch:
    """Hears what happens in the frames of one batch."""

    seen: Seen
    main: str = ""
    done: set[int] = field(default_factory=set)
    _parents: dict[str, str] = field(default_factory=dict)
    _pages: dict[str, int] = field(default_factory=dict)
    _frames: dict[int, str] = field(default_factory=dict)
    _requests: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Take note of an event."""
        about = event["params"]
        self._learn(event["method"], about)
        match event["method"]:
            case "Runtime.bindingCalled":
                self._told(self._frames.get(about["executionContextId"], ""), about["payload"])
            case "Debugger.scriptParsed" if not about["url"].startswith(_NOT_THEIRS):
                frame = about.get("executionContextAuxData", {}).get("frameId", "")
                self._told(frame, f"compiled a script of {about['length']} characters")
            case "Page.windowOpen":
                self._told(self.main, f"opened a window: {about['url']}")
            case "Network.requestWillBeSent":
                self._requested(about)
            case "Network.webSocketCreated":
                self._loads(about["requestId"], "", about["url"], "WebSocket")
            case "Network.loadingFailed" if about.get("blockedReason"):
                self._requests.pop(about["requestId"], None)
            case _:
                pass

    def _learn(self, method: str, about: Event) -> None:
        if method == "Page.frameAttached":
            self._parents[about["frameId"]] = about["parentFrameId"]
        elif method == "Runtime.executionContextCreated":
            context = about["context"]
            self._frames[context["id"]] = context["auxData"].get("frameId", "")

    def settle(self) -> None:
        """Count the requests that nothing blocked."""
        for page, address, kind in self._requests.values():
            kinds = {"Image": self.seen.images, "Other": self.seen.hints}
            if not address.startswith("https:"):
                kinds = {}
            self.seen.add(kinds.get(kind, self.seen.loaded), page, address)

    def _told(self, frame: str, what: str) -> None:
        page = self._page_of(frame)
        if page is None:
            page = -1  # a window or a frame of which nobody knows whose it is
        if what == "done":
            self.done.add(page)
        elif what.startswith("leads to "):
            self.seen.add(self.seen.odd_links, page, what)
        else:
            self.seen.add(self.seen.executed, page, what)

    def _requested(self, about: Event) -> None:
        frame, address = about.get("frameId", ""), about["request"]["url"]
        parts = urlsplit(address)
        named = _HOST.fullmatch(parts.hostname or "")
        if named and about.get("type") == "Document" and self._parents.get(frame) == self.main:
            self._pages.setdefault(frame, int(named[1]))
        if parts.hostname == _LAB or _is_our_click(about["initiator"]):
            return
        if named:  # the page's own host, which is no remote one
            return
        self._loads(about["requestId"], frame, address, about.get("type", ""))

    def _loads(self, request: str, frame: str, address: str, kind: str) -> None:
        if urlsplit(address).scheme in _WEB:
            page = self._page_of(frame)
            self._requests[request] = (-1 if page is None else page, address, kind)

    def _page_of(self, frame: str) -> int | None:
        while frame and frame not in self._pages:
            frame = self._parents.get(frame, "")
        return self._pages.get(frame)


def _is_our_click(initiator: Event) -> bool:
    """Tell whether a page went elsewhere because a link was clicked, which is no automatic load."""
    callers = initiator.get("stack", {}).get("callFrames", ())
    return bool(callers) and callers[0]["url"] in _NOT_THEIRS


class Lab:
    """A browser, and the server that all of its hosts are."""

    def __init__(self, folder: Path, headers: Mapping[str, str] | None = None) -> None:
        """Use a folder for the browser's profiles; serve pages with further headers."""
        self._folder = folder
        self.headers = headers or {}
        self._pages: Mapping[int, bytes] = {}
        self._watch = _Watch(Seen())
        self._stack = ExitStack()
        self._browser: Chromium | None = None
        self._profiles = 0

    def __enter__(self) -> Self:
        """Serve."""
        self._server = self._stack.enter_context(_server(self))
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(self._server.shutdown)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the browser and the server."""
        self._end_browser()
        self._stack.close()

    def open(self, pages: Sequence[bytes], *, at_once: int = 80) -> Seen:
        """Open pages, and return what they did; whatever keeps a batch from ending is named.

        A batch in which a page did not come to its end is opened again page by page.
        """
        seen = Seen()
        numbered = dict(enumerate(pages))
        for first in range(0, len(pages), at_once):
            numbers = range(first, min(first + at_once, len(pages)))
            late = self._open({number: numbered[number] for number in numbers}, seen)
            for number in late:
                if self._open({number: numbered[number]}, seen):
                    seen.stuck.add(number)
        return seen

    def watch(self, pages: Sequence[bytes], *, seconds: float) -> Seen:
        """Open pages in which no script runs, not even ours, and see what they do by themselves."""
        seen = Seen()
        self._pages = dict(enumerate(pages))
        self._watch = watch = _Watch(seen)
        self._show(watch, lambda: False, seconds)
        watch.settle()
        return seen

    def answer(self, host: str, path: str) -> tuple[str, bytes] | None:
        """Return what is served: the frames, a page, the style sheet, or nothing."""
        named = _HOST.fullmatch(host)
        if host == _LAB and path == "/":
            return "text/html", _frames(self._pages).encode()
        if named and path == PAGE:
            page = self._pages.get(int(named[1]), b"")
            kind = "application/xml" if page.startswith(b"<?xml") else "text/html"
            return f"{kind}; charset=utf-8", page
        if named and path.endswith(STYLE):
            return "text/css", b""
        return None

    def _open(self, pages: Mapping[int, bytes], seen: Seen) -> set[int]:
        """Open a batch; return the pages that did not come to their end."""
        self._pages = pages
        self._watch = watch = _Watch(seen)
        try:
            patience = _SECONDS + _SECONDS_A_PAGE * len(pages)
            self._show(watch, lambda: watch.done >= set(pages), patience)
        except BrowserStuckError:
            self._end_browser()
        if not watch.done >= set(pages):
            self._end_browser()
        watch.settle()
        return set(pages) - watch.done

    def _show(self, watch: _Watch, until: Callable[[], bool], seconds: float) -> None:
        browser = self._browser = self._browser or self._begin_browser()
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
        session = attached["sessionId"]
        watch.main = target  # Chromium's main frame has its target's name
        for domain in ("Page", "Runtime", "Network", "Debugger"):
            browser.call(f"{domain}.enable", session=session)
        browser.call("Debugger.setSkipAllPauses", session=session, skip=True)
        browser.call("Runtime.addBinding", session=session, name="labTell")
        browser.call("Page.addScriptToEvaluateOnNewDocument", session=session, source=_INSTRUMENT)
        browser.call("Page.navigate", session=session, url=f"http://{_LAB}/")
        browser.wait(until, seconds=seconds)
        browser.wait(lambda: False, seconds=_SETTLING)
        for each in browser.call("Target.getTargets")["targetInfos"]:
            if each["type"] == "page":
                browser.call("Target.closeTarget", targetId=each["targetId"])

    def _begin_browser(self) -> Chromium:
        self._profiles += 1
        browser = Chromium(
            self._folder / f"profile-{self._profiles}",
            port=self._server.server_port,
            hear=self._hear,
        )
        browser.call("Browser.setDownloadBehavior", behavior="deny")
        return browser

    def _hear(self, event: Event) -> None:
        self._watch.hear(event)  # the present one: a browser outlives a batch

    def _end_browser(self) -> None:
        if self._browser is not None:
            self._browser.__exit__(None, None, None)
            self._browser = None


def _frames(numbers: Iterable[int]) -> str:
    """Return the page of frames: one over the other, so that the browser takes none for unseen.

    They may do all that a page may, but lead the page around them away.
    """
    may = "allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-downloads"
    frames = "".join(
        f'<iframe sandbox="{may}" src="http://v{number}.{_DOMAIN}{PAGE}"></iframe>'
        for number in numbers
    )
    style = "iframe{position:absolute;top:0;left:0;width:320px;height:900px}"
    return f"<!doctype html><title>lab</title><style>{style}</style>{frames}"


class _Handler(BaseHTTPRequestHandler):
    lab: Lab
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").partition(":")[0]
        found = self.lab.answer(host, self.path.partition("?")[0])
        kind, body = found or ("text/plain", b"")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        for name, value in self.lab.headers.items() if host != _LAB else ():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Write no log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of who hangs up, or asks for TLS."""


def _server(lab: Lab) -> _Server:
    return _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"lab": lab}))
