"""What both engines check, and put together, in the same way."""

from collections.abc import Iterable, Iterator, Mapping

from contracts.errors import Malformed, malformed_field
from contracts.search.folding import phrase, words
from contracts.search.indexed import SUGGESTED, filter_values
from contracts.search.mapping import Kind, SearchField, SearchMapping
from contracts.search.request import (
    LONGEST_TEXT,
    MOST_HITS,
    MOST_WORDS,
    RELEVANCE,
    Count,
    SearchRequest,
    SuggestRequest,
)
from query_side.kernel.search.highlight import Highlighter
from query_side.kernel.search.plan import Is, Plan, Stage, errors_in


def check(mapping: SearchMapping, request: SearchRequest) -> None:
    """Whether the view has what the request names.

    Raises:
        Malformed: it has not.
    """
    problem: Malformed | None = None
    if not 1 <= request.limit <= MOST_HITS:
        problem = malformed_field("limit", "limit", f"must be from 1 to {MOST_HITS}")
    for name in request.filters:
        field = mapping.by_name.get(name)
        if field is None or field.kind is not Kind.KEYWORD:
            problem = malformed_field(name, "unknown_filter", "hits cannot be filtered by this")
    for name in request.facets:
        field = mapping.by_name.get(name)
        if field is None or not field.facetable:
            problem = malformed_field("facets", "unknown_facet", f"hits cannot be counted by {name}")
    if request.sort != RELEVANCE and sorted_by(mapping, request) is None:
        problem = malformed_field("sort", "unknown_sort", "hits cannot be sorted by this")
    if problem:
        raise problem


def sorted_by(mapping: SearchMapping, request: SearchRequest) -> SearchField | None:
    """The field to sort by; None for relevance."""
    name = request.sort.removeprefix("-")
    if name == RELEVANCE and not words(request.text[:LONGEST_TEXT]):
        name = mapping.browse
    field = mapping.by_name.get(name)
    return field if field is not None and field.sorts else None


def conditions(mapping: SearchMapping, request: SearchRequest) -> dict[str, Is]:
    """The filters, folded as the fields are."""
    return {
        name: Is(name, filter_values(mapping.by_name[name], tuple(values)))
        for name, values in request.filters.items()
        if values
    }


def highlighter(plan: Plan, stage: Stage, request: SearchRequest) -> Highlighter:
    """What marks the hits of a stage."""
    errors = {word: errors_in(word, stage.matching) for word in plan.words}
    return Highlighter(plan.words, request.highlight, prefix=request.prefix, errors=errors)


def ranked(counts: Iterable[Count], size: int) -> tuple[Count, ...]:
    """The most frequent values, equals in alphabetical order."""
    return tuple(sorted(counts, key=lambda each: (-each.count, each.value))[:size])


def typed(request: SuggestRequest) -> tuple[str, ...]:
    """The words typed so far."""
    return words(request.text[:LONGEST_TEXT])[:MOST_WORDS]


def likeliest(so_far: tuple[str, ...], terms: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    """The phrases that go on from some words, out of the suggestion terms that were found for them.

    Yields:
        Phrase as shown, its own term, how many documents bear it. Phrases that begin with the words come first, then
        the most frequent; of several spellings of a phrase the most frequent is shown.
    """
    whole = " ".join(so_far)
    spellings: dict[str, set[tuple[int, str]]] = {}
    for term, count in terms.items():
        shown = term.split(SUGGESTED)[2]
        spellings.setdefault(phrase(shown), set()).add((-count, shown))
    fitting: list[tuple[bool, int, str, str]] = []
    for folded, spelt in spellings.items():
        parts = folded.split(" ")
        if all(any(part.startswith(word) for part in parts) for word in so_far):
            total = sum(count for count, _ in spelt)
            fitting.append((not folded.startswith(whole), total, folded, min(spelt)[1]))
    for _, count, folded, shown in sorted(fitting):
        yield shown, SUGGESTED.join((folded, "0", shown)), -count
