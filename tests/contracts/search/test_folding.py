"""Text folds to the same words however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.search.folding import LONGEST_WORD, SORTED_BY, compact, phrase, sort_text, spans, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Paracétamol 500mg", "paracetamol 500 mg"),
        ("PARACETAMOL   500 MG", "paracetamol 500 mg"),
        ("Vitamin B-12", "vitamin b 12"),
        ("vitamin b12", "vitamin b 12"),
        ("1,000 IU", "1000 units"),
        ("1,000,000 units", "1000000 units"),
        ("0,5 ml", "0.5 ml"),
        ("5.0 mg 0.50 mg", "5 mg 0.5 mg"),
        ("10 µg", "10 mcg"),  # micro sign
        ("10 \u03bcg", "10 mcg"),  # Greek mu
        ("10 ㎎", "10 mg"),
        ("\u03b1-Tocopherol", "alpha tocopherol"),
        ("Women's One\u2019s", "womens ones"),
        ("Straße Ærø Łódź", "strasse aero lodz"),
        ("NDC-0002-0800", "ndc 0002 0800"),
        ("Dawa ya Mseto", "dawa ya mseto"),
        ("日本 薬", "日本 薬"),
        ("*:* AND (x~2)", "and x 2"),
        ("", ""),
        ("?!-", ""),
    ],
)
def test_words(text: str, folded: str) -> None:
    assert phrase(text) == folded
    assert words(text) == tuple(folded.split())
    assert compact(text) == folded.replace(" ", "")


def test_names_compare_without_their_punctuation() -> None:
    assert compact("Co-Trimoxazole") == compact("cotrimoxazole") == compact("CO TRIMOXAZOLE")
    assert compact("0045-0500") == compact("00450500")


def test_a_sort_text_is_plain_and_short() -> None:
    assert sort_text("Épinéphrine, 1.5 mg") == "epinephrine 15 mg"
    assert sort_text("日本") == ""
    assert len(sort_text("paracetamol " * 20)) == SORTED_BY


@given(st.text(max_size=200))
def test_folding_is_done_once_and_for_all(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once
    assert words(text.upper().lower()) == words(text.lower().upper().lower())
    for word in once:
        assert word
        assert len(word) <= LONGEST_WORD
        assert " " not in word
    assert all(character in "abcdefghijklmnopqrstuvwxyz0123456789 " for character in sort_text(text))


@given(st.text(max_size=200))
def test_spans_are_the_words_where_they_stand(text: str) -> None:
    end = 0
    for start, stop, _ in spans(text):
        assert end <= start < stop <= len(text)
        end = stop


@pytest.mark.parametrize(
    "text", ["Paracétamol 500mg", "Women's \u03b1-Tocopherol", "e\u0301pi 1,000", "Müller & Söhne"]
)
def test_spans_hold_all_the_words(text: str) -> None:
    assert tuple(word for _, _, folded in spans(text) for word in folded) == words(text)
