"""Mails as the terminal shows them: who, what, and the words, indented."""

from email import policy
from email.parser import BytesParser

from feedmirror.characters import printable
from feedmirror.cli.output import say

_SHOWN = ("From", "To", "Subject")


def mail_fields(mail: bytes) -> dict[str, str]:
    """Return a mail's sender, recipient, subject and plain text."""
    message = BytesParser(policy=policy.default).parsebytes(mail)
    body = message.get_body(("plain",)) if hasattr(message, "get_body") else None
    heads = {name.lower(): str(message[name] or "") for name in _SHOWN}
    text = str(body.get_content()) if body is not None else ""
    return {**heads, "text": text.replace("\r\n", "\n")}


def print_mail(mail: bytes, *, most: int = 60, indent: str = "  | ") -> None:
    """Print a mail's sender, recipient, subject and plain text, ``most`` lines of it."""
    fields = mail_fields(mail)
    for name in _SHOWN:
        say(f"{indent}{name}: {printable(fields[name.lower()])}")
    say(indent.rstrip())
    print_text(fields["text"], most=most, indent=indent)


def print_text(text: str, *, most: int, indent: str = "  | ") -> None:
    """Print the first lines of a text, indented; nothing of it can steer the terminal."""
    lines = text.strip().splitlines()
    for line in lines[:most]:
        say(f"{indent}{printable(line)}".rstrip())
    if len(lines) > most:
        say(f"{indent}… {len(lines) - most} more lines")
