"""Plays the demonstration from the empty stage to the last line, and always takes everything down again."""

import json
from typing import Any
from urllib.parse import quote_plus

from rich.markup import escape

from ops import interruptions
from ops.demo import stage as stages
from ops.demo.catalogue import Star, catch_up, heads, import_medicines, medicines, star_of
from ops.demo.expect import document, expect
from ops.demo.figures import p50_ms, resident_mb
from ops.demo.plan import Plan
from ops.demo.screen import Screen
from ops.demo.stage import Stage
from ops.demo.storefront import Storefront
from ops.demo.walk import PRODUCTS, Walk
from ops.importing.products import Report
from ops.tokens import development_token

INTERRUPTED = 130
ROLES = ("service:importer", "content-editor", "superintendent-pharmacist")
_PAGES_MEASURED = 50
_MEASURED_AT_ONCE = 100
# Nobody types the twenty plants of a homeopathic remedy.
_WORDS_TYPED, _LONGEST_TYPED = 3, 60


def play(plan: Plan, screen: Screen) -> int:
    """The whole demonstration; returns the exit code."""
    performance = _Performance(plan, screen)
    code = 0
    with interruptions.alike():
        try:
            performance.run()
        except KeyboardInterrupt as interruption:
            screen.failed(interruption, plan.data_dir)
            code = INTERRUPTED
        except Exception as failure:  # noqa: BLE001 -- whatever it is, everything must be stopped and the step named
            screen.failed(failure, plan.data_dir)
            code = 1
        if plan.keep and code == 0 and performance.stage is not None:
            _say_what_to_open(performance.stage, performance.star, plan, screen)
        else:
            code = _clear(performance.stage, plan, screen) or code
    if code == 0:
        print("DEMO OK " + json.dumps(performance.figures), flush=True)
    return code


def _clear(stage: Stage | None, plan: Plan, screen: Screen) -> int:
    with interruptions.ignored():
        try:
            stages.clear(plan.data_dir, stage)
        except Exception as failure:  # noqa: BLE001 -- said, and told by the exit code
            screen.failed(failure, plan.data_dir)
            return 1
    screen.console.print("\nEverything is stopped; the data stays in " + escape(str(plan.data_dir)))
    return 0


class _Performance:
    """What has come about so far: the stage must be known wherever it breaks off."""

    def __init__(self, plan: Plan, screen: Screen) -> None:
        self.plan = plan
        self.screen = screen
        self.stage: Stage | None = None
        self.star: Star | None = None
        self.figures: dict[str, Any] = {}

    def run(self) -> None:
        """Every step in order."""
        plan, screen = self.plan, self.screen
        file = medicines()
        star = self.star = star_of(file, plan.products)
        with screen.step("Start the servers and our processes", logs=()):  # the failure brings the log along
            if stages.is_up(plan):
                screen.say(f"something runs on {plan.data_dir} already; it is stopped first")
                stages.clear(plan.data_dir, None)
            stage = self.stage = stages.set_up(plan)
            screen.say(f"gateway {stage.gateway}, search on {stage.search_engine}, data in {plan.data_dir}")
        tokens = {role: development_token(stage.settings, role) for role in ROLES}
        with screen.step("Import real medicines through the command path"):
            before = sum(heads(stage.settings).values())
            report = import_medicines(
                file, plan.products, stage.gateway, tokens["service:importer"], plan.data_dir
            )
            wanted = heads(stage.settings)
            self._tell_import(report, sum(wanted.values()) - before)
        with Storefront(stage.gateway) as shop:
            with screen.step("Wait until every view shows them", ("projector", "gateway")):
                with screen.waiting() as tell:
                    views = catch_up(shop, wanted, star, tell)
                screen.say(", ".join(f"{view} after {ms} ms" for view, ms in views.items()))
            walk = self._walk(Walk(shop, screen, star, tokens))
            with screen.step("Measure"):
                measured = _measure(shop, star)
                memory = resident_mb(stage.ours)
                screen.say(
                    f"page p50 {measured['page_p50_ms']} ms, search p50 {measured['search_p50_ms']} ms, {memory} MB"
                )
        tally = report.tally
        self.figures = {
            "products": tally.imported + tally.there_already + tally.updated,
            "imported": tally.imported,
            "there_already": tally.there_already,
            "refused_rows": tally.refused,
            "commands": tally.commands + walk.commands,
            "events": sum(heads(stage.settings).values()),
            "import_seconds": round(report.seconds, 3),
            "views_caught_up_ms": max(views.values()),
            "search_hits": walk.search_hits,
            **measured,
            "search_engine": stage.search_engine,
            "memory_mb": memory,
        }

    def _walk(self, walk: Walk) -> Walk:
        step = self.screen.step
        with step("Look at one medicine"):
            walk.reinstate()
        with step("Search with a typing error, and by dosage form"):
            walk.search()
        with step("Type the beginning of a name"):
            walk.suggest()
        with step("Open its page, twice, its card, and the shelves"):
            walk.read()
        with step("Revise it, and read it back at once"):
            walk.revise()
        with step("Ask for what is not allowed"):
            walk.refuse()
        with step("Withdraw it, and see it gone from search while its page warns"):
            walk.withdraw()
        return walk

    def _tell_import(self, report: Report, events: int) -> None:
        tally, say = report.tally, self.screen.say
        there = tally.imported + tally.updated + tally.there_already
        expect(
            there + tally.refused == tally.rows,
            f"of {tally.rows} rows only {there} are there and {tally.refused} refused",
        )
        if tally.there_already and not tally.imported:
            say(f"all {tally.there_already:,} products were there already: nothing was imported twice")
        else:
            say(f"{tally.imported:,} products imported, {tally.there_already:,} were there already")
        rate = report.commands / report.seconds
        say(f"{report.commands:,} commands, {rate:,.0f} a second, made {events:,} new events")
        if report.refused_file is not None:
            say(f"{tally.refused:,} rows refused, {tally.incomplete:,} incomplete: {report.refused_file}")


def _measure(shop: Storefront, star: Star) -> dict[str, float]:
    """Pages of many products as customers open them, and searches that nobody has asked before."""
    hits: list[dict[str, Any]] = document(shop.get(f"{PRODUCTS}?limit={_MEASURED_AT_ONCE}"))["hits"]
    skus = [hit["card"]["sku"] for hit in hits[:_PAGES_MEASURED]] or [star.sku]
    pages = [f"{PRODUCTS}/{sku}" for sku in skus]
    names = (name for hit in hits for name in (hit["card"]["name"], hit["card"]["generic_name"]) if name)
    words = dict.fromkeys(
        (star.mistyped, *(" ".join(name.split()[:_WORDS_TYPED])[:_LONGEST_TYPED] for name in names))
    )
    searches = [
        f"{PRODUCTS}?q={quote_plus(word)}&limit={limit}" for limit in (20, 10, 24, 30) for word in words
    ]
    return {"page_p50_ms": p50_ms(shop, pages), "search_p50_ms": p50_ms(shop, searches)}


def _say_what_to_open(stage: Stage, star: Star | None, plan: Plan, screen: Screen) -> None:
    folder = f"--data-dir {plan.data_dir}"
    lines = {
        "the API's pages": f"{stage.gateway}/docs",
        "a product": f"{stage.gateway}{PRODUCTS}/{star.sku}" if star else "",
        "a search": f"{stage.gateway}{PRODUCTS}?q=amox&facets=form,class",
        "who did what": f".venv/bin/chemist history product {star.sku} {folder}" if star else "",
        "how it is": f".venv/bin/chemist status {folder}",
        "somebody to be": f".venv/bin/chemist token --role pharmacist {folder}",
        "stop it": f".venv/bin/chemist down {folder}",
    }
    screen.console.print("\n[bold]It stays up. What to open:[/]")
    for what, where in lines.items():
        screen.console.print(f"   {what:<16} {escape(where)}", soft_wrap=True)
