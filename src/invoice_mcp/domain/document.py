"""An invoice or credit note as it goes to the buyer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """A document, made once when the invoice is sent. `language` is the one it is written in, `html` a whole page."""

    language: str
    html: str
    text: str
