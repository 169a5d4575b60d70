"""Finds how a text being typed may go on, in the term dictionary of a Tantivy index."""

from contracts.search.request import Suggestion, SuggestRequest
from contracts.search.tantivy_index import KEY, RANK, SUGGEST
from query_side.kernel.search.tantivy_order import By, Ordered
from query_side.kernel.search.tantivy_search import Commit
from query_side.kernel.search.terms import likeliest, typed

_MOST_TERMS = 300
"""The most frequent terms with the wanted start, out of which phrases are made."""


def suggestions(commit: Commit, request: SuggestRequest) -> tuple[Suggestion, ...]:
    """Phrases of shown documents: the dictionary also knows those of removed ones for a while."""
    so_far = typed(request)
    found = _starting_with(" ".join(so_far), commit, request)
    if len(found) < request.limit and len(so_far) > 1:
        found = _starting_with(max(so_far, key=len), commit, request)
    return found


def _starting_with(start: str, commit: Commit, request: SuggestRequest) -> tuple[Suggestion, ...]:
    terms = commit.searcher.terms_with_prefix(SUGGEST, start, limit=_MOST_TERMS)
    found: list[Suggestion] = []
    for text, term, count in likeliest(typed(request), dict(terms)):
        bearers = Ordered(commit.searcher, commit.queries, commit.queries.term(SUGGEST, term), (By(RANK),))
        for _, address in bearers.first(1):
            found.append(Suggestion(text, str(commit.searcher.doc(address).get_first(KEY)), count))
        if len(found) == request.limit:
            break
    return tuple(found)
