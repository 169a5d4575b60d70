"""The demonstration runs on an empty machine, runs again, stays up when asked to, and never leaves anything behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ops.demo.catalogue import Star, medicines, star_of
from ops.demo.plan import Plan, WrongWish
from ops.supervision.identity import PROC
from ops.supervision.ports import PortBook, is_free
from tests.living_stack import LISTENING, own_folder

FIGURES = (
    *("products", "imported", "refused_rows", "commands", "events", "import_seconds", "views_caught_up_ms"),
    *("search_hits", "page_p50_ms", "search_p50_ms", "search_engine", "memory_mb"),
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty machine, as far as the demonstration can see: its ports are nobody else's."""
    made = own_folder() / "demo"
    yield made
    shutil.rmtree(made.parent)


def start(folder: Path, **wishes: str) -> subprocess.Popen[str]:
    """`make demo`, without make."""
    chosen = (
        folder.with_name(f"{folder.name}-elasticsearch")
        if wishes.get("SEARCH") == "elasticsearch"
        else folder
    )
    chosen.mkdir(exist_ok=True)
    for name in LISTENING:
        PortBook(chosen).choose(name, None)
    return subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "demo"],
        env={**os.environ, "CHEMIST_DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1", **wishes},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder: Path, **wishes: str) -> tuple[int, str]:
    """To its end: the exit code, and what it said."""
    with start(folder, **wishes) as demo:
        said = rest_of(demo)
    return demo.returncode, said


def rest_of(demo: subprocess.Popen[str]) -> str:
    """What it still says until it ends; one that does not end is killed, and takes its stack along."""
    try:
        return demo.communicate(timeout=100)[0]
    except subprocess.TimeoutExpired:
        demo.kill()
        raise


def figures(said: str) -> dict[str, Any]:
    """What the last line tells."""
    last = said.rstrip().splitlines()[-1]
    assert last.startswith("DEMO OK "), said
    told: dict[str, Any] = json.loads(last.removeprefix("DEMO OK "))
    assert set(FIGURES) <= told.keys()
    return told


def left_of(folder: Path) -> list[str]:
    """Processes that were started for the folder and still live, and its ports that are still open."""
    mark = str(folder.parent).encode()
    left = []
    for process in PROC.glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes() or mark in (process / "cmdline").read_bytes():
                left.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    book = PortBook(folder)
    return left + [name for name in LISTENING if (port := book.recall(name)) and not is_free(port)]


def test_it_runs_and_runs_again_and_stays_up_when_asked_to(folder: Path) -> None:
    code, said = run(folder, PRODUCTS="80")
    assert code == 0, said
    first = figures(said)
    assert (first["products"], first["imported"], first["search_engine"]) == (80, 80, "tantivy")
    assert first["events"] >= 3 * 80
    assert first["search_hits"] >= 1
    assert left_of(folder) == []

    code, said = run(folder, PRODUCTS="80", KEEP="1")
    try:
        assert code == 0, said
        again = figures(said)
        assert (again["products"], again["imported"], again["there_already"]) == (80, 0, 80)
        assert "nothing was imported twice" in said
        assert "version" in said
        [docs] = [line.split()[-1] for line in said.splitlines() if line.endswith("/docs")]
        with urllib.request.urlopen(docs, timeout=5) as page:  # noqa: S310 - our own gateway
            assert page.status == 200
    finally:
        down = [sys.executable, "-m", "ops.cli", "down", "--data-dir", str(folder)]
        subprocess.run(down, check=True, capture_output=True)
    assert left_of(folder) == []


def test_the_same_journey_on_elasticsearch(folder: Path) -> None:
    code, said = run(folder, PRODUCTS="60", SEARCH="elasticsearch")
    assert code == 0, said
    assert figures(said)["search_engine"] == "elasticsearch"
    assert left_of(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["Start the servers", "Import real medicines"])
def test_interrupted_it_stops_everything(folder: Path, number: signal.Signals, moment: str) -> None:
    said = ""
    with start(folder, PRODUCTS="2000") as demo:
        assert demo.stdout is not None
        while moment not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        demo.send_signal(number)
        rest = rest_of(demo)
    assert demo.returncode == 130, said + rest
    assert "DEMO FAILED" in rest
    assert moment in rest
    assert "interrupted" in rest
    assert left_of(folder) == []


def test_a_failure_names_its_step_and_shows_why(folder: Path) -> None:
    code, said = run(folder, PRODUCTS="10", CHEMIST_MONGODB_URL="mongodb://127.0.0.1:1/chemist")
    assert code == 1
    assert "DEMO FAILED at step 1, 'Start the servers and our processes'" in said
    assert "CHEMIST_MONGODB_URL" in said
    assert "DEMO OK" not in said
    assert left_of(folder) == []


@pytest.mark.parametrize(
    ("environment", "products", "elasticsearch", "keep"),
    [
        ({}, 5_000, False, False),
        ({"PRODUCTS": "all", "SEARCH": "tantivy", "KEEP": "0"}, None, False, False),
        ({"PRODUCTS": " 7 ", "KEEP": "1"}, 7, False, True),
        ({"PRODUCTS": "", "SEARCH": "elasticsearch"}, 1_000, True, False),
        (
            {"PRODUCTS": "all", "SEARCH": "elasticsearch", "CHEMIST_ELASTICSEARCH_URL": "http://es"},
            None,
            False,
            False,
        ),
    ],
)
def test_wishes_come_from_the_environment(
    environment: Mapping[str, str], products: int | None, *, elasticsearch: bool, keep: bool
) -> None:
    plan = Plan.from_environment(environment)
    assert (plan.products, plan.elasticsearch, plan.keep) == (products, elasticsearch, keep)


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"PRODUCTS": "many"}, "PRODUCTS"),
        ({"PRODUCTS": "0"}, "PRODUCTS"),
        ({"PRODUCTS": "-1"}, "PRODUCTS"),
        ({"SEARCH": "solr"}, "SEARCH"),
        ({"KEEP": "perhaps"}, "KEEP"),
        ({"PRODUCTS": "all", "SEARCH": "elasticsearch"}, "2,000"),
        ({"PRODUCTS": "2001", "SEARCH": "elasticsearch"}, "2,000"),
    ],
)
def test_senseless_wishes_are_refused(environment: Mapping[str, str], says: str) -> None:
    with pytest.raises(WrongWish, match=says):
        Plan.from_environment(environment)


def test_the_two_engines_have_a_ledger_each() -> None:
    here, there = ({"CHEMIST_DATA_DIR": "/tmp/x", "SEARCH": search} for search in ("", "elasticsearch"))  # noqa: S108 - never made
    assert Plan.from_environment(here).data_dir == Path("/tmp/x")  # noqa: S108 - as above
    assert Plan.from_environment(there).data_dir == Path("/tmp/x-elasticsearch")  # noqa: S108 - as above


@pytest.mark.parametrize("products", [1, 5, 5_000, None])
def test_the_star_is_among_what_is_imported(products: int | None) -> None:
    star = star_of(medicines(), products)
    assert star.sku.startswith("NDC-0002-")
    assert star.form
    if products is None or products > 100:
        assert star.name.lower() == "zyprexa"


def test_a_mistyped_name_is_another_word_of_the_same_letters() -> None:
    for name in ("Zyprexa", "Amyvid", "HUMALOG", "Oobaa"):
        typed = Star("X", name, "TABLET", None).mistyped
        assert typed != name.lower()
        assert sorted(typed) == sorted(name.lower())
