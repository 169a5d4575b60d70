"""Words that people read: composed (Unicode NFC), free of characters that nobody sees, as long as a field allows."""

import re
from dataclasses import dataclass
from typing import Annotated, Any
from unicodedata import normalize

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_UNSEEN = (
    r"\x00-\x1f\x7f-\x9f"  # control characters
    r"\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # direction marks, invisible breaks
    r"\ufdd0-\ufdef\ufffe\uffff"  # no characters at all
)
_NOT_IN_A_LINE = re.compile(f"[{_UNSEEN}]")
_NOT_IN_PARAGRAPHS = re.compile(f"(?!\n)[{_UNSEEN}]")


@dataclass(frozen=True, slots=True)
class Plain:
    """Marks a `str` field as plain text of 1 to `most` characters, trimmed; `lines` allows line breaks."""

    most: int
    lines: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's own signature
        schema = core_schema.str_schema(min_length=1, max_length=self.most, strip_whitespace=True)
        return core_schema.no_info_after_validator_function(self._composed, schema)

    def _composed(self, text: str) -> str:
        if text.isascii() and text.isprintable():
            return text
        if self.lines:
            text = text.replace("\r\n", "\n")
        composed = normalize("NFC", text)
        unseen = (_NOT_IN_PARAGRAPHS if self.lines else _NOT_IN_A_LINE).search(composed)
        if unseen:
            code_point = f"U+{ord(unseen[0]):04X}"
            rule = "unseen_character"
            message = "must not contain the control or invisible character {code_point}"
            raise PydanticCustomError(rule, message, {"code_point": code_point})
        if len(composed) > self.most:
            rule, message = "string_too_long", "String should have at most {max_length} characters"
            raise PydanticCustomError(rule, message, {"max_length": self.most})
        return composed


Text = Annotated[str, Plain(200)]
"""One line of up to 200 characters."""

Prose = Annotated[str, Plain(20_000, lines=True)]
"""Paragraphs of plain text, up to 20,000 characters."""
