"""`python -m ops.generate` writes every generated file; with `--check` it only says what is out of date."""

import json
import sys
from pathlib import Path

from ops.generate import reference, schemas
from ops.generate.openapi import openapi_document

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "contracts" / "schemas"


def generated() -> dict[Path, str]:
    """Every generated file and what it must hold."""
    made = {SCHEMAS / path: text for path, text in schemas.files().items()}
    made[SCHEMAS / "openapi.json"] = json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"
    made[ROOT / "docs" / "commands.md"] = reference.commands_page()
    made[ROOT / "docs" / "events.md"] = reference.events_page()
    made[ROOT / "docs" / "queries.md"] = reference.queries_page()
    made[ROOT / "docs" / "problems.md"] = reference.problems_page()
    return made


def main(arguments: list[str]) -> int:
    """Write or check; the exit code is 1 where something is wrong."""
    wrong = [
        f"the stored event {name} changed its shape: keep it, add the next version and an upcast"
        for name in schemas.changed_events(SCHEMAS)
    ]
    made = generated()
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    known = set(made)
    orphans = [path for path in SCHEMAS.rglob("*.json") if path not in known and path.parent.name != "events"]
    if "--check" in arguments:
        wrong += [
            f"{path.relative_to(ROOT)} is out of date: run make generate" for path in [*stale, *orphans]
        ]
    elif not wrong:
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path])
        for path in orphans:
            path.unlink()
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
