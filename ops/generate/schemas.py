"""JSON Schemas of every command, event and answer, and the rule that a published event never changes shape."""

import json
from pathlib import Path
from typing import Any

from contracts import registry

_WORDS = frozenset({"description", "title", "examples"})


def files() -> dict[str, str]:
    """Path under `contracts/schemas/` → JSON Schema."""
    made: dict[str, str] = {}
    for name, command in registry.commands().items():
        made[f"commands/{name}.json"] = _text(command.model_json_schema())
    for name, event in registry.events().items():
        made[f"events/{name}.json"] = _text(event.model_json_schema(mode="serialization"))
    for query in registry.queries().values():
        made[f"views/{query.context()}.{query.returns.__name__}.json"] = _text(
            query.returns.model_json_schema(mode="serialization")
        )
    return made


def changed_events(folder: Path) -> list[str]:
    """Stored event names whose committed shape differs from the code's: words aside, that is never allowed."""
    wrong: list[str] = []
    for committed in sorted((folder / "events").glob("*.json")):
        now = registry.events().get(committed.stem)
        before = _shape(json.loads(committed.read_text()))
        if now is None or _shape(now.model_json_schema(mode="serialization")) != before:
            wrong.append(committed.stem)
    return wrong


def _shape(schema: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A schema without its words: those may be improved."""
    if isinstance(schema, dict):
        named = schema.keys() == schema.get("properties", {}).keys()
        return {
            key: _shape(value)
            for key, value in schema.items()
            if named or key not in _WORDS or isinstance(value, dict)
        }
    if isinstance(schema, list):
        return [_shape(value) for value in schema]
    return schema


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
