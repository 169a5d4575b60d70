"""The benchmarks measure what they say, on servers of their own, and leave nothing behind."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.bench.lab import Stack, laboratory
from ops.bench.load.generator import Load, LoadFailed
from ops.bench.load.shots import NUMBER, WORD, Shots
from ops.bench.picture import draw
from ops.bench.result import Result, Round, Target, rounds_of
from ops.bench.run import BENCHMARKS, as_one, results_of
from ops.bench.size import Size
from ops.bench.table import table_of
from ops.cli import build

SMALL = Size(seconds=0.3, products=300, rounds=1)
ALL = ("append", "page", "card", "search", "rebuild", "lag", "command", "memory")


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, list[Result]]]:
    """Every benchmark once, short and on little; fractions of a second only our own load generator can do."""
    with laboratory(SMALL) as lab:
        lab.load = Load(lab.folder, wrk=None)
        yield {name: list(results_of(lab, [name])) for name in BENCHMARKS}
    assert not lab.folder.exists()


def test_all_benchmarks_are_run() -> None:
    assert tuple(BENCHMARKS) == ALL


@pytest.mark.parametrize("name", ALL)
def test_a_benchmark_prints_one_object_with_both_sides(measured: dict[str, list[Result]], name: str) -> None:
    told = json.loads(json.dumps(as_one(name, measured[name])))
    assert told["name"] == name
    for part in told.get("parts", [told]):
        assert part["ours"] > 0
        assert part["yardstick"] > 0
        assert part["ratio"] == pytest.approx(part["ours"] / part["yardstick"], rel=0.01)  # of one round
        assert part["unit"] in {"events/s", "requests/s", "commands/s", "documents/s", "ms", "MB"}
        assert part["better"] in {"higher", "lower"}
        assert part["target"] > 0
        assert isinstance(part["met"], bool)
        assert part["conditions"]["cores"] >= 1
        assert part["conditions"]["python"]
        assert part["conditions"]["versions"]["granian"]
        assert len(part["rounds"]) == 1


def test_every_view_is_rebuilt_and_all_of_its_documents(measured: dict[str, list[Result]]) -> None:
    written = {result.name: result.details["ours"][0]["documents"] for result in measured["rebuild"]}
    assert written == {
        "rebuild.category_tree": 1,
        "rebuild.product_card": 300,
        "rebuild.product_page": 300,
        "rebuild.product_search": 300,
    }


def test_lag_is_told_of_every_view(measured: dict[str, list[Result]]) -> None:
    views = measured["lag"][0].details["views"]
    assert sorted(views) == ["category_tree", "product_card", "product_page", "product_search"]
    assert all(0 < view["p50_ms"] <= view["p99_ms"] < 30_000 for view in views.values())


def test_memory_is_that_of_our_processes_beside_the_servers(measured: dict[str, list[Result]]) -> None:
    details = measured["memory"][0].details
    assert sorted(details["ours"]) == ["gateway", "projector", "supervisor", "worker"]
    assert sorted(details["yardstick"]) == ["mongodb", "postgres", "valkey"]
    assert all(
        5 < megabytes < 2_000 for megabytes in (*details["ours"].values(), *details["yardstick"].values())
    )


def test_appends_say_how_durable_they_were(measured: dict[str, list[Result]]) -> None:
    result = measured["append"][0]
    assert result.conditions["fsync"] == result.conditions["synchronous_commit"] == "on"
    assert list(result.details["ours"]) == ["1 writers", "16 writers", "64 writers"]


def test_results_become_a_table_and_a_picture(measured: dict[str, list[Result]], tmp_path: Path) -> None:
    results = [result for some in measured.values() for result in some]
    assert table_of(results).row_count == len(results) == 11
    draw(results, tmp_path / "results.png")
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG")


def test_a_developers_own_settings_do_not_reach_the_lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHEMIST_POSTGRES_DSN", "postgresql://chemist_app@127.0.0.1:1/precious")
    launched = {**os.environ, **Stack(tmp_path).launch().environment}
    assert launched["CHEMIST_POSTGRES_DSN"] == ""


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    turns: list[str] = []

    def side(name: str, figures: list[float]) -> Callable[[], float]:
        def measure() -> float:
            turns.append(name)
            return figures.pop(0)

        return measure

    rounds = rounds_of(side("ours", [10, 30, 80]), side("theirs", [10, 10, 20]), 3)
    assert turns == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    result = Result("x", "x", "y", "events/s", Target(3), rounds, {})
    assert (result.ours, result.yardstick, result.ratio, result.met) == (30, 10, 3, True)


@pytest.mark.parametrize(
    ("target", "rounds", "met"),
    [
        (Target(0.6), [Round(59, 100)], False),
        (Target(0.6), [Round(60, 100)], True),
        (Target(1.3, "lower"), [Round(1.4, 1)], False),
        (Target(1.3, "lower"), [Round(1.2, 1)], True),
        (Target(100, "lower", "ours"), [Round(99, 1)], True),
        (Target(100, "lower", "ours"), [Round(101, 1)], False),
    ],
)
def test_a_target_is_met_or_missed(target: Target, rounds: list[Round], met: bool) -> None:  # noqa: FBT001
    assert Result("x", "x", "y", "ms", target, rounds, {}).met is met


def test_a_command_of_several_parts_shows_the_furthest_from_its_target() -> None:
    near = Result("rebuild.a", "", "", "events/s", Target(0.5), [Round(4, 10)], {})
    far = Result("rebuild.b", "", "", "events/s", Target(0.7), [Round(2, 10)], {})
    told = as_one("rebuild", [near, far])
    assert (told["name"], told["ratio"], told["met"]) == ("rebuild", 0.2, False)
    assert [part["name"] for part in told["parts"]] == ["rebuild.a", "rebuild.b"]


class Recorder(BaseHTTPRequestHandler):
    """Answers 200 and remembers what came; 503 at `/broken`."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, bytes]]

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.seen.append((self.path, body))
        self.send_response(503 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def recorder() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    seen: list[tuple[str, bytes]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Recording", (Recorder,), {"seen": seen}))
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    serving.join()
    server.server_close()


GENERATORS = [None, *filter(None, [shutil.which("wrk")])]


@pytest.mark.parametrize("wrk", GENERATORS)
def test_no_number_is_sent_twice(
    recorder: tuple[str, list[tuple[str, bytes]]], tmp_path: Path, wrk: str | None
) -> None:
    url, seen = recorder
    shots = Shots(("/x",), "POST", {"Content-Type": "text/plain"}, f"{WORD} {NUMBER}", ("a", "b"))
    load = Load(tmp_path, wrk)
    told = [load.fire(url, shots, 2, 0.2) for _ in range(2)]
    bodies = [body.decode().split() for _, body in seen]
    assert len({number for _, number in bodies}) == len(bodies) >= sum(one.calls for one in told) > 0
    assert {word for word, _ in bodies} == {"a", "b"}


@pytest.mark.parametrize("wrk", GENERATORS)
def test_paths_are_taken_in_turns_and_a_second_run_goes_on(
    recorder: tuple[str, list[tuple[str, bytes]]], tmp_path: Path, wrk: str | None
) -> None:
    url, seen = recorder
    load = Load(tmp_path, wrk)
    shots = Shots(tuple(f"/{number}" for number in range(100_000)))
    load.fire(url, shots, 1, 0.1)
    load.fire(url, shots, 1, 0.1)
    numbers = [int(path[1:]) for path, _ in seen]
    assert max(numbers) <= len(numbers)
    assert len(set(numbers)) >= len(numbers) - 1  # the last of the first run may be cut off, and sent again


def test_a_rate_is_kept(recorder: tuple[str, list[tuple[str, bytes]]], tmp_path: Path) -> None:
    url, seen = recorder
    told = Load(tmp_path).fire(url, Shots(("/x",)), clients=4, seconds=1.0, rate=40)
    assert 20 <= told.calls <= 41
    assert len(seen) == told.calls


@pytest.mark.parametrize("wrk", GENERATORS)
def test_refused_requests_make_no_figure(
    recorder: tuple[str, list[tuple[str, bytes]]], tmp_path: Path, wrk: str | None
) -> None:
    with pytest.raises(LoadFailed, match="failed"):
        Load(tmp_path, wrk).fire(recorder[0], Shots(("/broken",)), 2, 0.2)


def test_the_command_line_says_what_it_does_not_understand() -> None:
    told = CliRunner().invoke(build(), ["bench", "append", "--products", "many"])
    assert told.exit_code == 1
    assert "--products" in told.output
