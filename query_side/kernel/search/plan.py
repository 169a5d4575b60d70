"""Turns what somebody typed into tiers of ever weaker conditions, which each engine then writes in its own words.

A hit's tier is the first whose condition it meets, and tiers decide the order of hits: that is what makes it the same
on every engine, where scores made of word statistics would differ. Medicines whose names look alike must not be
mixed up, so typing errors are forgiven only when next to nothing is found as written, and come after that.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from contracts.search.folding import compact, words
from contracts.search.mapping import Kind, SearchField, SearchMapping
from contracts.search.request import LONGEST_TEXT, MOST_WORDS, Matching, SearchRequest

ENOUGH = 3
"""Documents found as written that end the search; the files of the real world spell names wrong once or twice."""
LONGEST_START = 20
"""Letters of a word by which an unfinished or mistyped one is found."""
_FORGIVES_ONE = 4
_FORGIVES_TWO = 8
"""Letters from which on a word may have one, two typing errors. The first letter must be right."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Every shown document."""


@dataclass(frozen=True, slots=True)
class Has:
    """The word stands, as it is, in one of the text fields."""

    fields: tuple[str, ...]
    word: str


@dataclass(frozen=True, slots=True)
class Begins:
    """A word of the prefix field (the whole value, of a `whole` one) begins so."""

    field: str
    start: str


@dataclass(frozen=True, slots=True)
class Near:
    """A word of the prefix field, or with `prefix` the beginning of one, is so but for some errors.

    An error is a letter too many, missing, wrong, or swapped with its neighbour.
    """

    field: str
    word: str
    errors: int
    prefix: bool


@dataclass(frozen=True, slots=True)
class Is:
    """The keyword has one of these values, folded as `indexed.filter_values` does."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All of these hold."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least so many of these hold."""

    conditions: tuple["Condition", ...]
    least: int = 1


Condition = Anything | Has | Begins | Near | Is | Every | Some


@dataclass(frozen=True, slots=True)
class Stage:
    """One way of reading the text."""

    matching: Matching
    tiers: tuple[Condition, ...]
    """From the best kind of match to the weakest. A stage that forgives more begins with the tiers of one that forgives
    less, or finds only where that found nothing."""
    union: Condition
    """Holds where any tier does."""
    seen: int = 0
    """How many of its first tiers are those of the stage before."""
    certain: Condition | None = None
    """Holds where the text as a whole is a name or a code: whoever finds so need not look further."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A searched text, read."""

    words: tuple[str, ...]
    """The words that are looked for."""
    stages: tuple[Callable[[], Stage], ...]
    """In the order in which they are tried; made when needed."""


def plan(mapping: SearchMapping, request: SearchRequest) -> Plan:
    """Read the request's text."""
    text = request.text[:LONGEST_TEXT]
    all_words = tuple(dict.fromkeys(words(text)))
    ignored = mapping.ignored.get(request.locale, frozenset())
    looked_for = tuple(word for word in all_words if word not in ignored)[:MOST_WORDS]
    if not looked_for:
        anything = Anything()
        return Plan((), (lambda: Stage(Matching.EXACT, (anything,), anything),))
    exact = partial(_exact, mapping, compact(text), looked_for, prefix=request.prefix)
    stages = [exact]
    if any(errors_in(word) for word in looked_for):
        stages.append(partial(_typo, mapping, exact, looked_for, prefix=request.prefix))
    if len(looked_for) > 1:
        stages.append(partial(_some_words, mapping, looked_for, prefix=request.prefix))
    return Plan(looked_for, tuple(stages))


def wider(read: Plan, stage: Stage) -> Generator[Condition, int, tuple[int, Stage] | None]:
    """The stage to use instead of the first, which found little, with its number; None: that one will do.

    Yields conditions and is sent how many documents meet them, filters apart: a filter is not misspelt.
    """
    have = yield stage.union
    if have >= ENOUGH or (have and stage.certain is not None and (yield stage.certain)):
        return None
    for number, make in enumerate(read.stages[1:], start=1):
        next_stage = make()
        if have and next_stage.matching is Matching.SOME_WORDS:
            return None
        if (yield next_stage.union) > have:
            return number, next_stage
    return None


def _by_level(fields: Iterable[SearchField]) -> Iterator[list[SearchField]]:
    ordered = sorted(fields, key=lambda field: field.level)
    for _, alike in groupby(ordered, key=lambda field: field.level):
        yield list(alike)


def _may_begin(looked_for: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Any word may be unfinished (`amox clav`), but of figures only the last: 5 mg is not 500 mg."""
    for word in looked_for:
        yield word, not word[0].isdecimal() or word == looked_for[-1]


def errors_in(word: str, matching: Matching = Matching.TYPO) -> int:
    """How many typing errors a word may have."""
    if matching is Matching.EXACT or not word.isalpha():
        return 0
    return (len(word) >= _FORGIVES_ONE) + (len(word) >= _FORGIVES_TWO)


def _exact(mapping: SearchMapping, whole: str, looked_for: tuple[str, ...], *, prefix: bool) -> Stage:
    exact = [field for field in mapping.of(Kind.KEYWORD) if field.exact]
    tiers: list[Condition] = [
        Some(tuple(Is(field.name, (whole,)) for field in fields)) for fields in _by_level(exact)
    ]
    certain = Some(tuple(tiers)) if tiers else None
    if prefix and len(whole) <= LONGEST_START:
        begin = [field for field in mapping.of(Kind.PREFIX) if field.whole]
        tiers += [Some(tuple(Begins(field.name, whole) for field in fields)) for fields in _by_level(begin)]
    for level in sorted({field.level for field in mapping.of(Kind.TEXT)}):
        fields = tuple(field.name for field in mapping.of(Kind.TEXT) if _reaches(field, level, looked_for))
        tiers.append(Every(tuple(Has(fields, word) for word in looked_for)))
    widest = _begun(mapping, whole, looked_for, prefix=prefix)
    if prefix and len(looked_for) > 1:
        tiers.append(widest)
    elif prefix and (
        begins := tuple(Begins(name, looked_for[0][:LONGEST_START]) for name in _by_word(mapping))
    ):
        tiers.append(Some(begins))
    union = Some((certain, widest)) if certain else widest
    return Stage(Matching.EXACT, tuple(tiers), union, certain=certain)


def _reaches(field: SearchField, level: int, looked_for: tuple[str, ...]) -> bool:
    """Several words may stand in fields of this level and better ones; where better ones hold one word, it has ranked."""
    return field.level == level or (field.level < level and len(looked_for) > 1)


def _begun(mapping: SearchMapping, whole: str, looked_for: tuple[str, ...], *, prefix: bool) -> Condition:
    """Every word is there, or its beginning; or all in one: `ibu profen`. Wider than all tiers of words before it."""
    by_word: Condition = Every(
        tuple(Some(_as_written(mapping, word, prefix=prefix and may)) for word, may in _may_begin(looked_for))
    )
    if not prefix or len(looked_for) == 1 or len(whole) > LONGEST_START:
        return by_word
    return Some((by_word, *(Begins(name, whole) for name in _by_word(mapping))))


def _typo(
    mapping: SearchMapping, exact: Callable[[], Stage], looked_for: tuple[str, ...], *, prefix: bool
) -> Stage:
    most = max(map(errors_in, looked_for))
    tiers = tuple(
        Every(
            tuple(
                _nearly(mapping, word, min(errors, errors_in(word)), prefix=prefix and may)
                for word, may in _may_begin(looked_for)
            )
        )
        for errors in range(1, most + 1)
    )
    as_written = exact()
    union = Some((as_written.union, tiers[-1]))
    return Stage(Matching.TYPO, as_written.tiers + tiers, union, seen=len(as_written.tiers))


def _some_words(mapping: SearchMapping, looked_for: tuple[str, ...], *, prefix: bool) -> Stage:
    each = tuple(
        _nearly(mapping, word, errors_in(word), prefix=prefix and may) for word, may in _may_begin(looked_for)
    )
    fewest = (len(each) + 1) // 2
    tiers = tuple(Some(each, least) for least in range(len(each) - 1, fewest - 1, -1))
    return Stage(Matching.SOME_WORDS, tiers, tiers[-1])


def _as_written(mapping: SearchMapping, word: str, *, prefix: bool) -> tuple[Condition, ...]:
    has = Has(tuple(field.name for field in mapping.of(Kind.TEXT)), word)
    return (has, *(Begins(name, word[:LONGEST_START]) for name in _by_word(mapping) if prefix))


def _nearly(mapping: SearchMapping, word: str, errors: int, *, prefix: bool) -> Condition:
    near = (Near(name, word[:LONGEST_START], errors, prefix) for name in _by_word(mapping) if errors)
    return Some((*_as_written(mapping, word, prefix=prefix), *near))


def _by_word(mapping: SearchMapping) -> tuple[str, ...]:
    return tuple(field.name for field in mapping.of(Kind.PREFIX) if not field.whole)
