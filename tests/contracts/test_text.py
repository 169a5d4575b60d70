"""Text that people read is composed, trimmed, and holds nothing that nobody sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.text import Prose, Text

LINE, PARAGRAPHS = TypeAdapter[str](Text), TypeAdapter[str](Prose)


def broken_rule(adapter: TypeAdapter[str], text: str) -> tuple[str, str]:
    with pytest.raises(ValidationError) as refusal:
        adapter.validate_python(text)
    (complaint,) = refusal.value.errors()
    return complaint["type"], complaint["msg"]


def test_letters_and_marks_are_composed() -> None:
    assert LINE.validate_python("Cafe\N{COMBINING ACUTE ACCENT}") == "Caf\N{LATIN SMALL LETTER E WITH ACUTE}"


def test_blanks_around_it_go() -> None:
    assert LINE.validate_python("\N{NO-BREAK SPACE} Hedex \t") == "Hedex"


@pytest.mark.parametrize(
    ("unseen", "code_point"),
    [
        ("a\x00b", "U+0000"),
        ("a\tb", "U+0009"),
        ("a\nb", "U+000A"),
        ("a\x1bb", "U+001B"),
        ("a\x7fb", "U+007F"),
        ("a\x92b", "U+0092"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b", "U+202E"),
        ("a\N{ZERO WIDTH SPACE}b", "U+200B"),
        ("a\N{LINE SEPARATOR}b", "U+2028"),
        ("a\ufffeb", "U+FFFE"),
    ],
)
def test_what_nobody_sees_is_refused_by_its_code_point(unseen: str, code_point: str) -> None:
    rule, message = broken_rule(LINE, unseen)
    assert rule == "unseen_character"
    assert message == f"must not contain the control or invisible character {code_point}"


def test_paragraphs_may_break_lines_but_not_hide_anything() -> None:
    assert PARAGRAPHS.validate_python("Take one.\r\n\r\nRest.") == "Take one.\n\nRest."
    assert broken_rule(PARAGRAPHS, "a\rb")[0] == "unseen_character"
    assert broken_rule(PARAGRAPHS, "a\n\x07b")[0] == "unseen_character"


def test_joiners_that_scripts_need_are_kept() -> None:
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"
    assert LINE.validate_python(family) == family


def test_the_length_counts_after_composing() -> None:
    assert LINE.validate_python("x" * 200) == "x" * 200
    assert broken_rule(LINE, "x" * 201)[0] == "string_too_long"
    assert broken_rule(LINE, " ")[0] == "string_too_short"
    # U+1D160 decomposes into three when composed: 199 letters and one of it are 202 characters.
    assert broken_rule(LINE, "x" * 199 + "\N{MUSICAL SYMBOL EIGHTH NOTE}")[0] == "string_too_long"


@given(st.text(max_size=60))
def test_what_was_accepted_once_is_accepted_unchanged_for_good(text: str) -> None:
    try:
        accepted = PARAGRAPHS.validate_python(text)
    except ValidationError:
        return
    assert PARAGRAPHS.validate_python(accepted) == accepted
