"""What the child of the mirror function answers with, beside what the domain has words for."""

from dataclasses import dataclass

from feedmirror.mirroring.parsing import Texts


@dataclass(frozen=True, slots=True)
class ReadMarkup:
    """One entry's markup, read; or why it could not be."""

    texts: Texts | None = None
    why: str = ""
