"""What the demo tells of takedowns: a mail, what it does, and that nothing comes back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from feedmirror.addresses import digest
from feedmirror.cli.case_standing import standings
from feedmirror.cli.case_words import state_words
from feedmirror.cli.mails import print_mail
from feedmirror.cli.output import say
from feedmirror.configuration import MirrorSettings
from feedmirror.layout import case_key, item_page
from feedmirror.local.arrivals import ses_event
from feedmirror.local.machine import Machine
from feedmirror.records import Item
from feedmirror.takedowns.casework.cases import Case, case_from_json
from feedmirror.takedowns.decisions.decision_table import row_words

_TITLE = re.compile(rb"<title>([^<]*)</title>")
_AUTHORS_MAIL = """\
Hello,

please take down your copy of my story, and do not put it up again:

{address}

Thank you,
Mara Lindqvist
"""
_STRANGERS_MAIL = """\
Please remove this from your site, I do not like it:

{address}
"""
_AUTHOR, _STRANGER = "Mara Lindqvist <mara@news.example>", "Pat Doe <pat@elsewhere.example>"


@dataclass(frozen=True, slots=True)
class Teller:
    """Whoever tells the story: on which machine, of which mirror, and when."""

    machine: Machine
    mirror: MirrorSettings
    now: datetime

    def page(self, item: Item) -> str:
        """Return the address of an item's page."""
        return f"{self.mirror.site}/{item.host}/{item.id}/"

    def shown(self, item: Item) -> str:
        """Return what a reader gets at an item's page: status and title."""
        found = self.machine.bucket("site").get(item_page(item.host, item.id))
        if found is None:
            return "404"
        title = _TITLE.search(found.content.body)
        status = found.content.metadata.get("status", "200")
        return f"{status} {title[1].decode() if title else ''}".strip()

    def author_asks(self, item: Item) -> Case:
        """Tell of a mail from the site itself: what it names is gone within the minute."""
        say("A mail arrives; Amazon SES says that its sender's domain is proved (DMARC):")
        case = self._told_case(_AUTHOR, _AUTHORS_MAIL, item)
        say()
        say("The answer, which is the receipt:")
        print_mail(self.machine.sent()[-1])
        return case

    def stranger_asks(self, item: Item) -> Case:
        """Tell of a mail from somebody else: what it names is out of sight, and comes back."""
        say("Another mail arrives, from a domain that is proved, but has nothing to do with it:")
        before = self.machine.sent()
        case = self._told_case(_STRANGER, _STRANGERS_MAIL, item)
        told = [mail for mail in self.machine.sent() if mail not in before]
        say("Without proof or a decision it is then shown again. Written to, to tell them so:")
        for recipient in _recipients(told):
            say(f"  {recipient}")
        say("It waits in the list of cases; a person may decide at once:")
        return case

    def _told_case(self, sender: str, text: str, item: Item) -> Case:
        mail = self._mail(sender, text.format(address=item.attribution.original_url))
        print_mail(mail)
        ses_id = self.machine.arrive(mail)
        event = ses_event(mail, ses_id=ses_id, to=self.mirror.contact, when=self.now)
        (told,) = self.machine.takedown(event)["cases"]
        case = self.case(told["case"])
        say()
        say(f"Decided by row {told['row']} of the table: {row_words(told['row'])}.")
        say(f"Case {case.id}, {state_words(case)}:")
        for _, words in standings(case):
            say(f"  {words}")
        say(f"The page now: {self.shown(item)}")
        return case

    def case(self, case_id: str) -> Case:
        """Return a case as it now stands; raises CaseUnreadableError."""
        found = self.machine.bucket("ledger").get(case_key(case_id))
        return case_from_json(found.content.body if found else b"")

    def _mail(self, sender: str, text: str) -> bytes:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, self.mirror.contact, "Removal"
        mail["Date"] = format_datetime(self.now)
        domain = sender.rpartition("@")[2].rstrip(">")
        mail["Message-ID"] = f"<{digest('demo', sender, self.now.isoformat())}@{domain}>"
        mail.set_content(text)
        return mail.as_bytes()


def _recipients(mails: Iterable[bytes]) -> list[str]:
    found = (re.search(rb"^To: ?(.*)$", mail, re.MULTILINE) for mail in mails)
    return [match[1].decode("ascii", "replace").strip() for match in found if match]
