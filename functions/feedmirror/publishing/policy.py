"""The Content-Security-Policy of a page, which stands in the page: S3 sends no such header.

It allows no script, no frame, no form and nothing from elsewhere but, where the operator shows
them, images. With it a page is safe though a sanitiser failed, and without it though the policy is
not kept: both are tested alone. What goes elsewhere by itself (a refresh) only the sandbox of the
distribution's header stops.
"""

import re

_STATED = re.compile(r"<meta\s[^<>]*http-equiv\s*=\s*[\"']?content-security-policy", re.IGNORECASE)
_END_OF_HEAD = re.compile(r"</head\b|<body\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?:\s|<!--.*?-->)*(?:<!doctype[^<>]*>)?(?:(?:\s|<!--.*?-->)*<html\b[^<>]*>)?"
    r"(?:(?:\s|<!--.*?-->)*<head\b[^<>]*>)?",
    re.DOTALL | re.IGNORECASE,
)


def policy_for(*, images: bool) -> str:
    """Return the policy of a page of ours (CSP Level 3)."""
    shown = " img-src https:;" if images else ""
    return f"default-src 'none'; style-src 'self';{shown} base-uri 'none'; form-action 'none'"


def with_policy(page: str, policy: str) -> str:
    """Return a page that states a policy: its own if it has one, else this one before all else.

    An operator's ``base.html`` may have none; one that is stated late would not hold for what
    stands before it. Looked for in the head alone: what comes later is a publisher's words.
    """
    end_of_head = _END_OF_HEAD.search(page)
    if end_of_head and _STATED.search(page, 0, end_of_head.start()):
        return page
    before = _BEFORE.match(page)
    at = before.end() if before else 0
    stated = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return f"{page[:at]}\n{stated}\n{page[at:].lstrip()}" if at else f"{stated}\n{page}"
