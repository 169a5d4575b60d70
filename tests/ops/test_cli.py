"""The command line finds its commands by itself and loads nothing heavy to show them."""

import subprocess
import sys

import pytest

HEAVY = (
    "celery",
    "elasticsearch",
    "fastapi",
    "granian",
    "grpc",
    "psycopg",
    "pydantic",
    "pymongo",
    "redis",
    "tantivy",
)


def test_the_help_lists_every_command() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "ops.cli", "--help"], capture_output=True, text=True, check=True
    )
    for command in ("up", "down", "status", "doctor", "reset", "migrate", "run", "settings"):
        assert f" {command} " in shown.stdout


@pytest.mark.parametrize("package", HEAVY)
def test_the_command_line_is_quick_because_it_loads_nothing_heavy(
    package: str, loaded: frozenset[str]
) -> None:
    assert package not in loaded


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The modules in memory once all commands are known."""
    code = "import sys, ops.cli; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return frozenset(shown.stdout.split())


def test_an_expected_failure_is_one_sentence_and_a_wrong_word_is_shown_the_help() -> None:
    unknown = subprocess.run(
        [sys.executable, "-m", "ops.cli", "dance"], capture_output=True, text=True, check=False
    )
    assert unknown.returncode == 2
    assert "No such command 'dance'" in unknown.stderr
    assert "Traceback" not in unknown.stderr
