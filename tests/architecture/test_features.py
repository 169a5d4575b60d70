"""The directory listing is the feature list: whatever is published is decided, allowed, projected, served, tested."""

import importlib
import re
from pathlib import Path

import pytest

from command_side.kernel.decider import slice_of
from contracts import registry
from contracts.access import ROLES
from contracts.message import PUBLIC, Command, Event, Query
from ops.generate import schemas
from ops.generate.openapi import openapi_document
from projections.app import VIEWS
from projections.unprojected import UNPROJECTED

ROOT = Path(__file__).parents[2]
COMMANDS = list(registry.commands().values())
EVENTS = list(registry.events().values())
QUERIES = list(registry.queries().values())


def test_there_is_something_to_check() -> None:
    assert COMMANDS
    assert EVENTS
    assert QUERIES
    assert VIEWS


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_is_decided_allowed_routed_and_tested(command: type[Command]) -> None:
    assert slice_of(command.name).command is command
    assert any(command.permission in held for held in ROLES.values()), "no role may send it"
    context, _, verb = command.name.partition(".")
    paths = openapi_document()["paths"]
    assert "post" in paths[f"/v1/{context}/{verb}"]
    assert "post" in paths[f"/v1/{context}/{verb}/bulk"]
    test = ROOT / "tests" / "command_side" / context / f"test_{verb.replace('-', '_')}.py"
    assert re.search(r"^(async )?def test_", test.read_text(), re.MULTILINE)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_has_a_schema_and_is_projected_or_listed_with_a_reason(event: type[Event]) -> None:
    assert re.fullmatch(rf"[a-z]+\.{event.__name__}\.v[1-9]\d*", event.type)
    assert (ROOT / "contracts" / "schemas" / "events" / f"{event.type}.json").exists()
    projected = any(event in view.events for view in VIEWS)
    assert projected != bool(UNPROJECTED.get(event.type)), (
        "projected, or unprojected with a reason: one of the two"
    )


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_querys_stem_is_the_same_on_both_sides(query: type[Query]) -> None:
    context = query.context()
    assert query.view in {view.name for view in VIEWS}
    importlib.import_module(f"projections.{context}.{query.view}")
    importlib.import_module(f"query_side.{context}.{query.view}")
    assert query.permission == PUBLIC or any(query.permission in held for held in ROLES.values())
    assert "get" in openapi_document()["paths"][query.path]


def test_every_view_is_tested_and_lives_where_its_name_says() -> None:
    for view in VIEWS:
        for context in view.contexts:
            module = importlib.import_module(f"projections.{context}.{view.name}")
            assert module.VIEW is view
            assert (ROOT / "tests" / "projections" / context / f"test_{view.name}.py").exists()


def test_no_stored_event_has_changed_its_shape() -> None:
    assert schemas.changed_events(ROOT / "contracts" / "schemas") == []


def test_a_changed_event_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    event = EVENTS[0]
    text = schemas.files()[f"events/{event.type}.json"]
    committed = tmp_path / "events" / f"{event.type}.json"
    committed.write_text(text)
    assert schemas.changed_events(tmp_path) == []
    committed.write_text(text.replace('"type": "string"', '"type": "integer"', 1))
    assert schemas.changed_events(tmp_path) == [event.type]


def test_no_dumping_grounds() -> None:
    forbidden = re.compile(r"^(utils?|helpers?|common|misc|base|manager)$")
    packages = ("command_side", "contracts", "gateway", "ops", "projections", "query_side")
    found = [
        path for package in packages for path in (ROOT / package).rglob("*")
        if forbidden.match(path.stem) and (path.is_dir() or path.suffix == ".py")
    ]  # fmt: skip
    assert found == []
