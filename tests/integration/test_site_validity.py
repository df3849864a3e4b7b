"""The published pages as validators and a browser see them.

html-validate (the HTML standard), axe-core (WCAG and good practice) and headless Chromium; each
test is skipped, with the reason, where its tool is not installed.
"""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from builders import A_MOMENT, AN_ID, a_mirror, a_tombstone, an_attribution, an_item
from feedmirror.configuration import FeedSettings, Publish
from feedmirror.layout import ItemId, about_page
from feedmirror.publishing.listings import Buried, Listing
from feedmirror.publishing.pages import Renderer, TakedownCount
from feedmirror.publishing.treatment import Days, FeedTreatment, HostTreatment
from feedmirror.records import Item, Person, Publisher, Source, retired
from feedmirror.suppression import Ground
from needed import missing
from reports import a_full_report

Inspect = Callable[[str, int, str, str], list[str]]
NODE = Path(__file__).parents[1] / "node"
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
HOST = "news.example.com"
TAKE = "document.title='taken'"
HOSTILE = f'</script><script>{TAKE}</script>"\'><img src=x onerror="{TAKE}">'
CONTENT = """
<p>A paragraph with <a href="https://a.example/" rel="noopener noreferrer nofollow ugc">a link</a>,
<code>code</code> and a_very_long_word_without_any_place_to_break_that_is_wider_than_a_phone.</p>
<h2>A heading</h2><blockquote><p>A quotation.</p></blockquote>
<h3>A lower heading</h3><ul><li>one</li><li>two</li></ul><ol><li>first</li></ol>
<pre><code>a_long_line_of_code(with_arguments, and_more, and_yet_more_arguments)</code></pre>
<table>
<thead><tr><th scope="col">Year</th><th scope="col">Place</th><th scope="col">Who was there</th>
<th scope="col">Number</th><th scope="col">Remark</th></tr></thead>
<tbody><tr><td>2026</td><td>Lisbon</td><td>Everybody</td><td>1,234,567</td><td>none</td></tr></tbody>
</table>
<figure><figcaption>A caption without its picture.</figcaption></figure><hr>
"""
ITEMS = {
    "rich": an_item(
        title="A rather long title that wraps over several lines where the page is narrow",
        content_html=CONTENT,
        attribution=an_attribution(
            original_url="https://other.example/2026/a-story?with=a&long=query-string-of-many-words",
            credit="Photograph: Cy",
            source=Source("Elsewhere", "https://else.example/feed"),
        ),
    ),
    "minimal": an_item(
        id=ItemId("b" * 26),
        title="",
        summary="",
        content_html="",
        language=None,
        published=None,
        updated=None,
        categories=(),
        enclosures=(),
        attribution=an_attribution(
            original_url="https://news.example.com/", authors=(), rights=None, license_url=None
        ),
    ),
    "rtl": an_item(
        id=ItemId("c" * 26),
        title="عنوان القصة",
        summary="ملخص القصة",
        content_html="<p>نص القصة مع <em>تأكيد</em>.</p><ul><li>واحد</li></ul>",
        language="ar",
    ),
    "hostile": an_item(
        id=ItemId("d" * 26),
        title=HOSTILE,
        summary=HOSTILE,
        content_html="<p>harmless</p>",
        categories=(HOSTILE,),
        attribution=an_attribution(
            publisher=Publisher(HOSTILE, "https://news.example.com/", HOST),
            authors=(Person(HOSTILE),),
            rights=HOSTILE,
            credit=HOSTILE,
            source=Source(HOSTILE, None),
        ),
    ),
    "spanish": an_item(id=ItemId("e" * 26), language="es", title="Una historia", published=None),
}
A_FEED = FeedTreatment(
    anchor="a" * 26,
    address=f"https://{HOST}/a/long/address/of/a/feed/that/is/wider/than/a/phone.xml",
    title="All that is new",
    days=Days(A_MOMENT, A_MOMENT),
    entries=20,
    asked=("At least 1 hour and at most 1 day apart.", "Its ttl asks for 2 hours, which is kept."),
    trouble="The last look ended with: the publisher answers 403.",
    moves=("It has moved, and is asked at https://feeds.example.com/all.xml.",),
    robots=("Where it disallows the feed, a permission is relied on: asked.",),
    shown=("As much as the feed itself offers, within the terms that it states.",),
    archive=("3 documents of the feed's own archive (RFC 5005) were read.",),
)
A_TREATMENT = HostTreatment(
    host=HOST,
    feeds=(A_FEED, replace(A_FEED, anchor="b" * 26, title=HOSTILE, trouble=HOSTILE)),
    as_of=A_MOMENT,
)
PAGES = {
    **{name: f"/{item.host}/{item.id}/" for name, item in ITEMS.items()},
    "front": "/",
    "host": f"/{HOST}/",
    "month": f"/{HOST}/2026-11/",
    "empty": "/empty.example/",
    "takedown": "/takedown/",
    "publishers": "/publishers/",
    "about": f"/{HOST}/about/",
    "about a covered host": "/covered.example/about/",
    "removed": "/removed/",
    "missing": "/404.html",
    "tombstone": f"/gone.example/{AN_ID}/",
    "report": "/report/",
    "retired": f"/retired.example/{AN_ID}/",
}
A_LONG_WAY_ACROSS = "<table><tbody><tr>" + "<td>cell</td>" * 40 + "</tr></tbody></table>"


def site_of(renderer: Renderer) -> dict[str, bytes]:
    feeds = [
        FeedSettings(url="https://news.example.com/feed.xml"),
        FeedSettings(
            url="https://b.example/feed", publish=Publish.EXCERPT, interval=timedelta(hours=6)
        ),
        FeedSettings(
            url="https://c.example/feed", publish=Publish.LINK, interval=timedelta(days=1)
        ),
    ]
    log = [TakedownCount(A_MOMENT.date(), Ground.PUBLISHER, 3)]
    buried = [Buried(ItemId("f" * 26), HOST, A_MOMENT)]
    documents = {
        **renderer.fixed_pages(feeds=feeds, nonce="ab"),
        about_page(HOST): renderer.about_page(A_TREATMENT, nonce="ab"),
        about_page("covered.example"): renderer.about_page(
            HostTreatment(host="covered.example", covered=True, as_of=A_MOMENT), nonce="ab"
        ),
        "removed/index.html": renderer.removed_page(log, nonce="ab"),
        f"gone.example/{AN_ID}/index.html": renderer.tombstone_page(a_tombstone(), nonce="ab"),
        f"retired.example/{AN_ID}/index.html": renderer.tombstone_page(
            retired(an_item(), now=A_MOMENT), nonce="ab"
        ),
        "wide/x/index.html": renderer.item_page(
            an_item(content_html=A_LONG_WAY_ACROSS), nonce="ab"
        ),
    }
    for item in ITEMS.values():
        key = f"{item.host}/{item.id}/index.html"
        documents[key] = renderer.item_page(item, nonce="ab")
    cards = [renderer.card(item) for item in ITEMS.values()]
    for folder in ("", f"{HOST}/", f"{HOST}/2026-11/"):
        listing = Listing(folder).updated_with(cards, buried)
        files = renderer.listing(listing, nonce="ab", months=["2026-09", "2026-12"])
        documents |= {folder + name: document for name, document in files.items()}
    empty = renderer.listing(Listing("empty.example/"), nonce="ab")
    documents |= {f"empty.example/{name}": document for name, document in empty.items()}
    bodies = {key: document.body for key, document in documents.items()}
    return {**bodies, "report/index.html": a_full_report()}  # the operator's, and as readable


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    renderer = Renderer(
        a_mirror(purpose="for educational purposes only", hub="https://hub.example.net/")
    )
    for key, body in site_of(renderer).items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder


@pytest.fixture(scope="module")
def packages() -> Path:
    """Return the folder of the npm packages, installed by the lock if they are not there."""
    npm, modules = shutil.which("npm"), NODE / "node_modules"
    if not npm or not shutil.which("node"):
        missing("node and npm are not installed")
    if not modules.is_dir():
        installed = subprocess.run(  # noqa: S603 -- our own lock
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=NODE,
            capture_output=True,
            timeout=100,
            check=False,
        )
        if installed.returncode:
            missing("npm ci did not succeed: is a package registry in reach?")
    return modules


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if not CHROMIUM.exists() or not DRIVER.exists():
        missing("chromium and chromedriver are not installed")
    from selenium import webdriver  # noqa: PLC0415 -- slow, and only where there is a browser
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415 -- the same

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    switches = (
        "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
        "disable-component-update disable-sync disable-dev-shm-usage hide-scrollbars "
        f"user-data-dir={tmp_path_factory.mktemp('profile')}"
    )
    for switch in switches.split():
        options.add_argument(f"--{switch}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def inspect(browser: Any, address: str, packages: Path) -> Inspect:  # noqa: ANN401 -- selenium's driver
    """Return what axe-core finds wrong with a page, after a script has run on it."""
    axe = (packages / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

    def inspect(path: str, width: int, scheme: str, script: str) -> list[str]:
        show(browser, address + path, width=width, scheme=scheme)
        browser.execute_script(f"{script}\n;{axe}")
        found = browser.execute_async_script("axe.run().then(arguments[0])")
        assert len(found["passes"]) > 10, path
        return [
            f"{violation['id']}: {node['html'][:120]} {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return inspect


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and keeps it to itself."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Write no log."""


def show(browser: Any, address: str, *, width: int, scheme: str) -> None:  # noqa: ANN401 -- selenium's driver
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(address)


def test_every_page_is_valid_html(site: Path, packages: Path) -> None:
    pages = sorted(str(path) for path in site.rglob("*.html"))

    checked = subprocess.run(  # noqa: S603 -- the locked package
        [
            str(packages / ".bin" / "html-validate"),
            "--config",
            str(NODE / ".htmlvalidate.json"),
            "--formatter=text",
            *pages,
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(pages) >= len(PAGES)
    assert checked.stdout.strip() == ""
    assert checked.returncode == 0, checked.stderr


def test_the_validator_would_tell_a_fault(tmp_path: Path, packages: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html><html lang='en'><p><div></p><img>", encoding="utf-8")

    checked = subprocess.run(  # noqa: S603 -- the locked package
        [
            str(packages / ".bin" / "html-validate"),
            "--config",
            str(NODE / ".htmlvalidate.json"),
            str(page),
        ],
        capture_output=True,
        check=False,
    )

    assert checked.returncode == 1


MOST_SEEN = ("rich", "front", "takedown")


@pytest.mark.parametrize(
    ("width", "scheme", "names"),
    [
        (1280, "light", tuple(PAGES)),
        (375, "dark", tuple(PAGES)),
        (1280, "dark", MOST_SEEN),
        (375, "light", MOST_SEEN),
    ],
)
def test_no_page_shuts_a_reader_out(
    inspect: Inspect, width: int, scheme: str, names: tuple[str, ...]
) -> None:
    violations = {name: inspect(PAGES[name], width, scheme, "") for name in names}

    assert violations == {name: [] for name in names}


def test_the_inspection_would_tell_a_fault(inspect: Inspect) -> None:
    fault = (
        "const main = document.querySelector('main');"
        "main.innerHTML = '<p>faint</p>'; main.firstChild.style.color = '#aaa';"
    )

    (contrast, heading) = inspect("/", 1280, "light", fault)

    assert contrast.startswith("color-contrast")
    assert heading.startswith("page-has-heading-one")


def test_no_page_scrolls_sideways_on_a_phone(browser: Any, address: str) -> None:  # noqa: ANN401 -- selenium's driver
    widths = {}
    for path in (*PAGES.values(), "/wide/x/"):
        show(browser, address + path, width=375, scheme="light")
        widths[path] = browser.execute_script("return document.documentElement.scrollWidth")

    assert set(widths.values()) == {375}, widths


def test_the_style_sheet_is_loaded_at_every_depth(browser: Any, address: str) -> None:  # noqa: ANN401 -- selenium's driver
    for path in PAGES.values():
        show(browser, address + path, width=1280, scheme="light")
        assert browser.execute_script("return document.styleSheets[0].cssRules.length") > 0, path


def test_the_reader_chooses_between_light_and_dark(browser: Any, address: str) -> None:  # noqa: ANN401 -- selenium's driver
    colours = set()
    for scheme in ("light", "dark"):
        show(browser, address + "/", width=1280, scheme=scheme)
        colours.add(
            browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        )

    assert len(colours) == 2


def test_hostile_texts_neither_run_nor_become_markup(browser: Any, address: str) -> None:  # noqa: ANN401 -- selenium's driver
    for name in ("hostile", "front", "host", "month", "about"):
        show(browser, address + PAGES[name], width=1280, scheme="light")

        assert browser.title != "taken"
        assert HOSTILE in browser.execute_script("return document.body.textContent")
        assert not browser.execute_script(
            "return document.querySelector('main img, main script, [onerror]')"
        )


def test_the_page_of_an_item_shows_credit_that_can_be_clicked(browser: Any, address: str) -> None:  # noqa: ANN401 -- selenium's driver
    item: Item = ITEMS["rich"]
    show(browser, address + PAGES["rich"], width=375, scheme="light")

    links = browser.execute_script(
        "return Array.from(document.querySelectorAll('.credit a'))"
        ".filter(a => a.checkVisibility()).map(a => a.getAttribute('href'))"
    )

    assert item.attribution.original_url in links
    assert any(link.startswith(f"mailto:takedown+{AN_ID}@") for link in links)
