"""Searches over HTTP, past the edge cache, beside a bare Starlette handler that puts the same query to the same engine."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import quote_plus, urlencode

from contracts.catalog.commands import ListProduct
from ops.bench.conditions import conditions
from ops.bench.http import PAST_THE_EDGE_CACHE, bare, compare, gateway
from ops.bench.lab import Lab
from ops.bench.load.shots import Shots
from ops.bench.result import Result, Target

CLIENTS = 8
_SHORTEST = 4


def run(lab: Lab) -> Result:
    """Names, ingredients, typing errors, beginnings and filters, as a storefront sends them."""
    queries = tuple(itertools.islice(_distinct(lab.catalogue.products), PAST_THE_EDGE_CACHE))
    ours = gateway(lab, Shots(tuple(f"/v1/catalog/products?{query}" for query in queries)))
    with lab.yardstick("search:application", BENCH_SEARCH=str(lab.stack.settings.search_dir)) as server:
        same, plain = (
            compare(lab, ours, bare(server, Shots(tuple(f"/{path}?{query}" for query in queries))), CLIENTS, "p50_ms")
            for path in ("products", "plain")
        )  # fmt: skip
    return Result(
        name="search",
        title="a search over HTTP, p50 (not from the edge cache)",
        yardstick_title="bare Starlette putting the same query to the same engine",
        unit="ms",
        target=Target(1.3, "lower"),
        rounds=same.rounds,
        conditions=conditions(
            clients=CLIENTS, seconds=lab.size.seconds, queries=len(queries), load_generator=lab.load.name,
            products=lab.catalogue.listed, engine="tantivy",
        ),
        details={
            **same.details(),
            "beside_one_plain_tantivy_query": {
                **plain.details(), "rounds": [each.ratio for each in plain.rounds],
            },
        },
    )  # fmt: skip


def _distinct(products: Sequence[ListProduct]) -> Iterator[str]:
    """No address twice: what would repeat one is spelt in another way, letters percent-encoded or empty parameters added."""
    seen: Counter[str] = Counter()
    for number in itertools.count():
        query = _query(number, products[number % len(products)])
        plain = urlencode(query)
        way, letters = seen[plain], min(map(_letters, query.values()))
        spelt = (f"{name}={_spelt(value, way % 2**letters)}" for name, value in query.items())
        yield "&".join(spelt) + "&" * (way >> letters)
        seen[plain] += 1


def _letters(value: str) -> int:
    """How many letters and figures may be spelt in two ways."""
    return sum(letter.isascii() and letter.isalnum() for letter in value)


def _spelt(value: str, way: int) -> str:
    """One of the ways to write a value in an address: each bit says whether a letter or figure is encoded."""
    places = (place for place, letter in enumerate(value) if letter.isascii() and letter.isalnum())
    encoded = {place for bit, place in enumerate(places) if way >> bit & 1}
    return "".join(
        f"%{ord(letter):02X}" if place in encoded else quote_plus(letter)
        for place, letter in enumerate(value)
    )


def _query(number: int, product: ListProduct) -> dict[str, str]:
    name, substance = product.proprietary_name, product.generic_name or product.proprietary_name
    word = max(name.split(), key=len)
    form = {"form": product.dosage_form} if product.dosage_form else {}
    route = {"route": product.routes[0]} if product.routes else {}
    kinds: tuple[dict[str, str], ...] = (
        {"q": name},
        {"q": substance.split(";")[0].split(",")[0]},
        {"q": _mistyped(word)},
        {"q": word[: max(_SHORTEST, len(word) // 2)]},
        {"q": substance.split()[0], **form},
        {"q": word, **route},
        {**form, **route},
    )
    return kinds[number % len(kinds)] or {"q": name}


def _mistyped(word: str) -> str:
    """Two letters swapped in the middle, as fingers do."""
    middle = len(word) // 2
    return f"{word[:middle]}{word[middle + 1 : middle + 2]}{word[middle : middle + 1]}{word[middle + 2 :]}"
