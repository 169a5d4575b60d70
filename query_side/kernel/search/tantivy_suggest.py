"""Finds how a text being typed may go on, in the term dictionary of a Tantivy index."""

from contracts.search.folding import words
from contracts.search.request import Suggestion, SuggestRequest
from contracts.search.tantivy_index import KEY, RANK, SUGGEST
from query_side.kernel.search.tantivy_order import By, Ordered
from query_side.kernel.search.tantivy_search import Commit
from query_side.kernel.search.terms import likeliest

_MOST_TERMS = 300
"""The most frequent terms with the wanted start, out of which phrases are made."""


def suggestions(commit: Commit, request: SuggestRequest) -> tuple[Suggestion, ...]:
    """Phrases of shown documents: the dictionary also knows those of removed ones for a while."""
    typed = words(request.text)
    found = _starting_with(" ".join(typed), commit, request)
    if len(found) < request.limit and len(typed) > 1:
        found = _starting_with(max(typed, key=len), commit, request)
    return found


def _starting_with(start: str, commit: Commit, request: SuggestRequest) -> tuple[Suggestion, ...]:
    terms = commit.searcher.terms_with_prefix(SUGGEST, start, limit=_MOST_TERMS)
    found: list[Suggestion] = []
    for text, term, count in likeliest(request.text, dict(terms)):
        bearers = Ordered(commit.searcher, commit.queries, commit.queries.term(SUGGEST, term), (By(RANK),))
        for _, address in bearers.first(1):
            found.append(Suggestion(text, str(commit.searcher.doc(address).get_first(KEY)), count))
        if len(found) == request.limit:
            break
    return tuple(found)
