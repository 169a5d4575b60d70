"""`chemist import products` from the command line: what it prints, how it ends, and how it stops."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.bulk_gateway import BulkGateway, Request
from tests.ops.ndc_file import cut
from tests.ops.test_import_csv import CSV, MAPPING

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[BulkGateway]:
    with BulkGateway().running() as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return cut(tmp_path / "product.txt", 2, 3, 4, 5, 6, 342, 343)


def arguments(server: BulkGateway, file: Path, *more: str | Path) -> list[str]:
    gateway, memory = ["--gateway", server.url], ["--data-dir", str(file.parent / "data")]
    return [
        sys.executable,
        "-m",
        "ops.cli",
        "import",
        "products",
        str(file),
        *gateway,
        *memory,
        *map(str, more),
    ]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def chemist(server: BulkGateway, file: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments(server, file, *more),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_json_report_says_everything(server: BulkGateway, file: Path) -> None:
    done = chemist(server, file, "--format", "ndc", "--token", "secret", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    seconds = report.pop("seconds")
    assert report.pop("commands_per_second") == pytest.approx(report["sent"] / seconds, rel=0.1)
    refused_file = Path(report.pop("refused_file"))
    assert refused_file.parent == file.parent / "data" / "imports"
    assert json.loads(refused_file.read_text())["line"] == 8
    assert report == {
        "rows": 7,
        "imported": 6,
        "there_already": 0,
        "updated": 0,
        "refused": 1,
        "incomplete": 0,
        "by_rule": {"duplicate": 1},
        "commands": len(server.catalogue.events),
        "sent": len(server.catalogue.events),
        "resumed": False,
        "consistency_token": f"catalog:{len(server.catalogue.events)}",
    }
    assert server.authorizations == {"Bearer secret"}


def test_the_summary_for_people(server: BulkGateway, file: Path, tmp_path: Path) -> None:
    refused = tmp_path / "refused.csv"
    done = chemist(server, file, "--format", "ndc", "--refused", refused)
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "imported 6" in lines
    assert "refused 1" in lines
    assert "duplicate 1" in lines
    assert lines[-1] == f"What was refused, line by line: {refused}"
    assert refused.read_text().splitlines()[0] == "line,sku,field,rule,message,value"


def test_a_csv_file_is_imported_through_its_mapping(server: BulkGateway, tmp_path: Path) -> None:
    data = ("--data-dir", tmp_path / "data")
    done = chemist(server, CSV, "--format", "csv", "--mapping", MAPPING, "--json", *data)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["rows"], report["imported"], report["refused"], report["incomplete"]) == (20, 12, 8, 0)
    thermometer = server.catalogue.state("product", "KE-THERMO1")
    assert (thermometer.status, thermometer.categories) == ("published", ("first-aid",))
    assert server.catalogue.state("category", "malaria").parent == "infections"
    assert server.catalogue.state("product", "KE-DIAZ5").status == "draft"


def test_csv_without_a_mapping_and_a_file_of_another_kind_are_one_plain_sentence(
    server: BulkGateway, file: Path
) -> None:
    done = chemist(server, file, "--format", "csv")
    assert done.returncode == 1
    assert done.stderr == "chemist: a CSV file needs --mapping FILE.toml, which says what its columns mean\n"
    file.write_text("sku,name\n")
    done = chemist(server, file, "--format", "ndc")
    assert done.returncode == 1
    assert done.stderr.startswith(f"chemist: {file} is not an NDC product file: it has no column PRODUCTNDC")


def test_a_gateway_that_does_not_want_us_is_a_failure(server: BulkGateway, file: Path) -> None:
    from contracts.errors import NotSignedIn  # noqa: PLC0415 - the only test that needs it

    server.fault = lambda _request: NotSignedIn()
    done = chemist(server, file, "--format", "ndc")
    assert done.returncode == 1
    assert "answered 401: This needs a valid access token. (auth.required)" in done.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_import_goes_on_where_it_stopped(
    server: BulkGateway, file: Path, stop: signal.Signals
) -> None:
    reached, let_go = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if request.name == "catalog.publish-product":
            reached.set()
            let_go.wait(30)

    server.fault = hold
    command = arguments(server, file, "--format", "ndc", "--batch", "2", "--json")
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert reached.wait(30)
        run.send_signal(stop)
        _, said = run.communicate(timeout=30)
        let_go.set()
    if stop is signal.SIGKILL:
        assert run.returncode == -signal.SIGKILL
    else:
        assert run.returncode == 130
        assert "the same command goes on from there" in said
    server.fault = lambda _request: None
    done = chemist(server, file, "--format", "ndc", "--batch", "2", "--json")
    report = json.loads(done.stdout)
    assert (report["rows"], report["imported"] + report["there_already"], report["refused"]) == (7, 6, 1)
    kinds = server.catalogue.kinds()
    assert (kinds["ProductListed"], kinds["ProductPublished"]) == (6, 6)
