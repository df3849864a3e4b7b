"""``feedmirror serve`` as an operator has it: a site, mail by real clients, restarts, signals."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from feedmirror.adapters.clock import utc_now
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.local.serving.mailroom import Letter, Mailroom
from loopback import Answer, Publisher, Seen
from needed import missing
from serving import CONTACT, SECONDS, Serving, tool, until
from signed_mail import Zone
from typed import run_quickly
from world import SITE, entry, rss

Client = Callable[[Serving, int], subprocess.CompletedProcess[str]]
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FEED = Answer(body=rss(*(entry(number) for number in range(1, 9))).encode())


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    with Publisher({"/feed": FEED}, address="127.0.0.5") as served:
        yield served


def configured(folder: Path, publisher: Publisher) -> str:
    """Write a mirror.toml; return the option that names it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mirror.toml").write_text(
        f'[mirror]\nname = "Trial"\nsite = "https://mirror.example"\ncontact = "{CONTACT}"\n'
        f'operator = "ops@mirror.example"\n[[feed]]\nurl = "{publisher.url("/feed")}"\n'
        f'site = "{SITE}"\n'
    )
    return f"--feeds={folder / 'mirror.toml'}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, publisher: Publisher) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("serve")
    with Serving(folder / "data", configured(folder, publisher), "--trust-sender") as serving:
        serving.said("8 stored")
        yield serving


def page_of(serving: Serving, number: int) -> str:
    """Return the path of an item's page."""
    shown = json.loads(serving.get("/feed.json")[1])["items"]
    found = next(item["url"] for item in shown if item["external_url"] == f"{SITE}/{number}")
    return str(found).removeprefix("https://mirror.example")


def a_request(number: int, sender: str = "ann@news.example.com") -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, CONTACT, "Removal"
    mail["Message-ID"] = f"<{number}@news.example.com>"
    mail.set_content(f"Please remove {SITE}/{number} from your site, now and in the future.")
    return mail.as_bytes()


def run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 -- our own commands
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def feedmirror(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run(str(Path(sys.executable).parent / "feedmirror"), *arguments)


def outbox(serving: Serving) -> list[str]:
    return [path.read_text() for path in sorted(serving.folder.glob("outbox/*.eml"))]


def by_swaks(serving: Serving, number: int) -> subprocess.CompletedProcess[str]:
    return run(
        tool("swaks"), "--server", f"127.0.0.1:{serving.place('smtp')}", "--to", CONTACT,
        "--from", "ann@news.example.com", "--header", "Subject: Removal",
        "--body", f"Please remove {SITE}/{number} from your site.",
    )  # fmt: skip


def by_curl(serving: Serving, number: int) -> subprocess.CompletedProcess[str]:
    letter = serving.folder / f"letter-{number}.eml"
    letter.write_bytes(a_request(number))
    return run(
        tool("curl"), "--silent", "--show-error", "--upload-file", str(letter),
        "--mail-from", "ann@news.example.com", "--mail-rcpt", CONTACT,
        f"smtp://127.0.0.1:{serving.place('smtp')}",
    )  # fmt: skip


@pytest.mark.parametrize(("number", "client"), [(1, by_swaks), (2, by_curl)])
def test_a_real_client_sends_a_takedown_and_the_page_is_gone(
    served: Serving, number: int, client: Client
) -> None:
    page = page_of(served, number)
    assert served.get(page)[0] == 200

    done = client(served, number)

    assert done.returncode == 0, done.stderr
    served.shows(page, 410)
    receipt = until(
        lambda: next((mail for mail in outbox(served) if page in mail), None), "the receipt"
    )
    assert "To: ann@news.example.com" in receipt
    shown = served.get(f"{served.place('console')}")[1]
    assert shown.count('href="outbox/') == len(outbox(served))


def test_a_client_who_writes_to_somebody_else_is_refused(served: Serving) -> None:
    done = run(
        tool("swaks"), "--server", f"127.0.0.1:{served.place('smtp')}", "--to", "x@mirror.example"
    )

    assert done.returncode != 0
    assert "550 5.1.1" in done.stdout


def test_a_page_that_is_open_in_a_browser_is_gone_when_it_is_loaded_again(
    served: Serving, tmp_path: Path
) -> None:
    if not CHROMIUM.exists() or not DRIVER.exists():
        missing("chromium and chromedriver are not installed")
    from selenium import webdriver  # noqa: PLC0415 -- slow, and only where there is a browser
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415 -- the same

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for switch in ("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{switch}")
    options.add_argument(f"--user-data-dir={tmp_path}")
    browser: Any = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    status = "return performance.getEntriesByType('navigation')[0].responseStatus"
    try:
        page = page_of(served, 3)
        browser.get(f"http://127.0.0.1:{served.place('http')}{page}")
        assert (browser.execute_script(status), "Entry 3" in browser.title) == (200, True)
        assert served.send(a_request(3))
        served.shows(page, 410)

        browser.refresh()

        assert browser.execute_script(status) == 410
        assert "Entry 3" not in browser.page_source
        browser.get_log("browser")  # the 410
        browser.get(f"http://127.0.0.1:{served.place('http')}{served.place('console')}")
        assert "Outbox" in browser.page_source
        assert browser.get_log("browser") == []
    finally:
        browser.quit()


def test_other_commands_work_beside_it(served: Serving, publisher: Publisher) -> None:
    folder = str(served.folder)

    suppressed = feedmirror(
        "suppress", f"{SITE}/4", "--ground", "legal", "--yes", "--local", folder
    )

    assert suppressed.returncode == 0, suppressed.stderr
    case = next(line.split()[1] for line in suppressed.stdout.splitlines() if "case " in line)
    page = json.loads(feedmirror("case", case, "--json", "--local", folder).stdout)
    assert page["state"] == "removed"
    (gone,) = (word for word in suppressed.stdout.split() if word.startswith("https://mirror"))
    assert served.get(gone.removeprefix("https://mirror.example"))[0] == 451
    assert publisher.seen


def test_a_folder_has_a_running_mirror_or_files_and_never_both(
    tmp_path: Path, publisher: Publisher
) -> None:
    """Files would keep what the running mirror has taken down."""
    data, feeds = str(tmp_path / "data"), configured(tmp_path, publisher)
    environment = {**os.environ, "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8"}
    command = [str(Path(sys.executable).parent / "feedmirror"), "mirror", "--local", data]

    def mirrored() -> str:
        return subprocess.run(  # noqa: S603 -- our own command
            [*command, feeds], env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert "files of the site; open file://" in mirrored()
    site = tmp_path / "data" / "site"
    assert (site / "index.html").exists()

    with Serving(tmp_path / "data") as serving:
        assert serving.get("/")[0] == 200
        assert not site.exists()
        assert "The running feedmirror serve shows the site" in mirrored()
        suppressed = feedmirror(
            "suppress", f"{SITE}/4", "--ground", "legal", "--yes", "--local", data
        )
        assert suppressed.returncode == 0
        assert not site.exists()
        assert serving.stop(signal.SIGTERM) == 0

    assert "files of the site" in mirrored()


def test_a_second_one_over_the_same_folder_is_refused(served: Serving) -> None:
    done = feedmirror("serve", "--data", str(served.folder))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f": another feedmirror serve has {served.folder}\n")


def died_before_it_was_handled(data: Path, mail: bytes) -> None:
    """Keep a mail as a process does that dies as soon as it has said 250."""
    store = SqliteStore(data / "store.sqlite", "mail")
    room = Mailroom(mail=store, dns=Zone, clock=utc_now, trusting=True)
    letter = Letter(sender="ann@news.example.com", recipients=(CONTACT,), client="x", body=mail)
    assert room.take(letter)


def test_a_restart_keeps_everything(tmp_path: Path, publisher: Publisher) -> None:
    with Serving(tmp_path / "data", configured(tmp_path, publisher), "--trust-sender") as first:
        first.said("8 stored")
        page, other, third = (page_of(first, number) for number in (1, 2, 3))
        assert first.send(a_request(1))
        first.shows(page, 410)
        first.said("a mail for ann@news.example.com is kept")
        written = outbox(first)
        asked = len(publisher.seen)

        assert first.stop(signal.SIGTERM) == 0
    died_before_it_was_handled(tmp_path / "data", a_request(2))

    with Serving(tmp_path / "data") as second:
        second.shows(page, 410)
        second.shows(third, 200)
        second.shows(other, 410)
        second.said("a mail for ann@news.example.com is kept")
        assert outbox(second)[: len(written)] == written
        assert not [line for line in second.lines if "TAKEN AS PROVED" in line]
        second.said("1 mail waits that was taken as proved")
        local = ("--local", str(second.folder))
        listed = run_quickly("cases", "--all", "--json", *local, cwd=tmp_path)
        cases = json.loads(listed.stdout)["cases"]
        shown = [run_quickly("case", each["case"], *local, cwd=tmp_path) for each in cases]
        assert all("proof" in each.stdout for each in shown)
        assert all("nothing was checked" in each.stdout for each in shown)

        assert second.stop(signal.SIGINT) == 0
    assert len(publisher.seen) == asked  # the feed is not due
    audit = run_quickly("audit", "--local", str(tmp_path / "data"), cwd=tmp_path)
    assert (audit.returncode, audit.stderr) == (0, "")


def test_a_list_of_feeds_alone_leads_to_a_first_page_and_a_forged_mail_to_nothing(
    tmp_path: Path, publisher: Publisher
) -> None:
    outline = f'<outline type="rss" text="x" xmlUrl="{publisher.url("/feed")}"/>'
    (tmp_path / "f.opml").write_text(f'<opml version="2.0"><body>{outline}</body></opml>')
    options = (f"--feeds={tmp_path / 'f.opml'}", f"--contact={CONTACT}")
    with Serving(tmp_path / "data", *options) as serving:
        serving.said("8 stored")
        served = json.loads(serving.get("/feed.json")[1])
        origin = f"http://localhost:{serving.place('http')}"
        page = served["items"][0]["url"].removeprefix(origin)
        assert serving.get(page)[0] == 200

        assert serving.send(a_request(8))

        serving.said("mail: case")
        assert serving.get(page)[0] == 200
        assert not any("ann@news.example.com" in mail for mail in outbox(serving))
        assert "feedmirror case " in serving.get(serving.place("console"))[1]


def test_a_folder_without_feeds_is_told_how_to_have_some(tmp_path: Path) -> None:
    done = feedmirror("serve", f"--data={tmp_path}", "--http-port=0", "--smtp-port=0")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(
        f": there is no mirror in {tmp_path} yet; name feeds with --feed or --feeds\n"
    )


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    over = threading.Event()

    def never(seen: Seen) -> Answer:
        if seen.target != "/feed":  # its terms, for which a poll would wait first
            return Answer(404)
        over.wait(SECONDS)
        return FEED

    with (
        Publisher(never, address="127.0.0.6") as publisher,
        Serving(tmp_path / "data", f"--feed={publisher.url('/feed')}") as serving,
    ):
        until(lambda: publisher.seen or None, "a poll")
        os.kill(serving.process_id, signal.SIGTERM)
        serving.said("stopping")

        assert serving.stop(signal.SIGTERM) == -signal.SIGTERM
        over.set()
