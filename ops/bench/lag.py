"""How long after its acknowledgement a command shows in every view, at half of the load that writing can bear."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import uvloop

from ops.bench.catalogue import caught_up
from ops.bench.conditions import conditions
from ops.bench.lab import Lab
from ops.bench.latency import percentile
from ops.bench.load.shots import NUMBER, WORD, Shots
from ops.bench.result import Result, Round, Target
from ops.demo.storefront import Storefront, path_of
from ops.errors import PlainError

CLIENTS = 64
_PAUSE_SECONDS = 0.02
"""Between two probes of one view."""
_LONGEST_SECONDS = 30.0
_OK, _TOO_EARLY = 200, 503
_REVISE, _DEFINE = "catalog.revise-product", "catalog.define-category"
_PROBED = 100
"""Products kept for the probes; the load revises all others."""


class NotVisible(PlainError):
    """A view answered without what it had been told to wait for."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A command whose effect one view shows, and where it is looked for."""

    view: str
    command: str
    keys: Sequence[str]
    """Products or shelves of its own, taken in turns."""
    body: Callable[[str, str], dict[str, Any]]
    """Takes the key and a word that no other probe has."""
    path: Callable[[str, str], str]


@dataclass(slots=True)
class Seen:
    """Seconds, one a probe."""

    acknowledged: list[float] = field(default_factory=list)
    """From sending the command to its answer."""
    visible: list[float] = field(default_factory=list)
    """From that answer to the one that shows its effect."""


def run(lab: Lab) -> Result:
    """Revise products of the loaded catalogue, as fast as half of what goes, and look for other changes meanwhile."""
    skus = [product.sku for product in lab.catalogue.products]
    probed, loaded = skus[: min(_PROBED, len(skus) // 2)], skus[min(_PROBED, len(skus) // 2) :]
    peak = sum(_peak(lab, loaded) for _ in range(2)) / 2
    load = _revisions(lab, loaded)
    uvloop.run(caught_up(lab.stack.settings))
    rounds, everything = [], dict[str, Seen]()
    for number in range(lab.size.rounds):
        with ThreadPoolExecutor(1) as background:
            firing = background.submit(
                lab.load.fire, lab.stack.gateway, load, CLIENTS, lab.size.seconds, peak / 2
            )
            seen = _probe_all(lab, _probes(probed), number)
            firing.result()
        worst = max(percentile(sorted(each.visible), 0.99) for each in seen.values())
        acknowledged = sorted(took for each in seen.values() for took in each.acknowledged)
        rounds.append(Round(worst, percentile(acknowledged, 0.99)))
        for view, each in seen.items():
            together = everything.setdefault(view, Seen())
            together.acknowledged += each.acknowledged
            together.visible += each.visible
    return Result(
        name="lag",
        title="a command acknowledged → visible in the slowest view, p99",
        yardstick_title="the same commands sent → acknowledged, p99",
        unit="ms",
        target=Target(100, "lower", "ours"),
        rounds=rounds,
        conditions=conditions(
            clients=CLIENTS, seconds=lab.size.seconds, products=lab.catalogue.listed,
            peak_per_second=round(peak), load_per_second=round(peak / 2),
        ),
        details={"views": {view: _told(each) for view, each in everything.items()}},
    )  # fmt: skip


def _revisions(lab: Lab, skus: list[str]) -> Shots:
    """One product after the other, each time with words that it never had."""
    body = {"sku": WORD, "description": {"en": f"As the leaflet of edition {NUMBER} has it."}}
    headers = {"Content-Type": "application/json", **lab.bearer}
    return Shots((path_of(_REVISE),), "POST", headers, json.dumps(body), tuple(skus))


def _peak(lab: Lab, skus: list[str]) -> float:
    return lab.load.fire(lab.stack.gateway, _revisions(lab, skus), CLIENTS, lab.size.seconds).per_second


def _probes(skus: list[str]) -> list[Probe]:
    def renamed(sku: str, word: str) -> dict[str, Any]:
        return {"sku": sku, "proprietary_name": word}

    def shelf(slug: str, word: str) -> dict[str, Any]:
        return {"slug": slug, "names": {"en": word}}

    shares = [skus[number::3] for number in range(3)]
    return [
        Probe("product_page", _REVISE, shares[0], renamed, lambda sku, _: f"/v1/catalog/products/{sku}"),
        Probe("product_card", _REVISE, shares[1], renamed, lambda sku, _: f"/v1/catalog/products/{sku}/card"),
        Probe(
            "product_search", _REVISE, shares[2], renamed, lambda _, word: f"/v1/catalog/products?q={word}"
        ),
        Probe("category_tree", _DEFINE, ["bench-shelf"], shelf, lambda *_: "/v1/catalog/categories"),
    ]


def _probe_all(lab: Lab, probes: list[Probe], number: int) -> dict[str, Seen]:
    """Each view by a thread of its own, while the load lasts."""
    until = time.monotonic() + lab.size.seconds
    bearer = lab.bearer["Authorization"].removeprefix("Bearer ")
    with ThreadPoolExecutor(len(probes)) as threads:
        looking = {
            probe.view: threads.submit(_look, lab.stack.gateway, bearer, probe, number, until)
            for probe in probes
        }
    return {view: look.result() for view, look in looking.items()}


def _look(gateway: str, bearer: str, probe: Probe, round_: int, until: float) -> Seen:
    seen, pause = Seen(), threading.Event()
    with Storefront(gateway) as shop:
        for number in itertools.count():
            if seen.visible and time.monotonic() >= until:
                return seen
            key, word = probe.keys[number % len(probe.keys)], _word(probe.view, round_, number)
            sent = shop.send(probe.command, probe.body(key, word), bearer)
            if sent.status != _OK:
                raise NotVisible(sent.body.decode(errors="replace"))
            seen.acknowledged.append(sent.ms / 1e3)
            seen.visible.append(_until_visible(shop, probe.path(key, word), sent.token, word))
            pause.wait(_PAUSE_SECONDS)
    return seen


def _until_visible(shop: Storefront, path: str, token: str, word: str) -> float:
    """Seconds until the view shows the word; the gateway holds each question until it does, for some time."""
    began = time.perf_counter()
    while (found := shop.get(path, {"Consistency-Token": token})).status == _TOO_EARLY:
        if time.perf_counter() - began > _LONGEST_SECONDS:
            break
    if word.encode() not in found.body:
        message = f"{path} did not show {word}: {found.status} {found.body[:200]!r}"
        raise NotVisible(message)
    return time.perf_counter() - began


def _word(view: str, round_: int, number: int) -> str:
    """Letters only, so that it is one word for every search."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in f"{round_}{number:06}")
    return f"Zq{view.rpartition('_')[2]}{letters}"


def _told(seen: Seen) -> dict[str, float]:
    visible, acknowledged = sorted(seen.visible), sorted(seen.acknowledged)
    return {
        "probes": len(visible),
        "p50_ms": percentile(visible, 0.5),
        "p99_ms": percentile(visible, 0.99),
        "acknowledged_p50_ms": percentile(acknowledged, 0.5),
        "acknowledged_p99_ms": percentile(acknowledged, 0.99),
    }
