"""compose.yaml and the image say only what our settings and our command line understand."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from ops.cli import app
from ops.docker.pick import pick
from ops.processes import CODE
from ops.settings import Settings, knows

OURS = ("gateway", "migrate", "projector", "worker")
SERVERS = {
    "postgres": "postgres:17",
    "valkey": "valkey/valkey:8",
    "mongodb": "mongo:7",
    "elasticsearch": "elasticsearch:9",
}
SECRETS = {"POSTGRES_PASSWORD": "owner-pa55", "APP_PASSWORD": "app-pa55", "JWT_PUBLIC_KEY": "./key.pem"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as Compose would see it, its variables filled in."""
    text = (CODE / "compose.yaml").read_text()
    filled = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: SECRETS[found[1]], text)
    assert "${" not in filled
    loaded: dict[str, Any] = yaml.safe_load(filled)
    return loaded


def test_it_runs_every_server_and_every_process(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {*OURS, *SERVERS}
    for name, image in SERVERS.items():
        assert services[name]["image"].startswith(image)
        assert "ports" not in services[name], "servers are reached on the compose network only"


def test_everything_that_stays_up_has_a_health_check(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert name == "migrate" or service["healthcheck"]["test"], name


@pytest.mark.parametrize("name", OURS)
def test_the_settings_of_our_services_are_ours_and_valid(compose: dict[str, Any], name: str) -> None:
    environment = compose["services"][name]["environment"]
    assert [variable for variable in environment if not knows(variable)] == []
    settings = Settings.from_environment(environment)
    assert settings.env == "production"
    assert settings.gateway_host == "0.0.0.0"  # noqa: S104 -- inside its container
    assert settings.elasticsearch_url == "http://elasticsearch:9200"
    assert "chemist_app" in settings.postgres_dsn
    assert ("postgres:owner-pa55@" in settings.postgres_admin_dsn) == (name == "migrate")


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_a_command_that_exists(compose: dict[str, Any], name: str) -> None:
    words = [word for word in compose["services"][name]["command"] if not word.startswith("-")]
    shown = CliRunner().invoke(app, [words[0], "--help"])
    assert shown.exit_code == 0
    if words[0] == "run":
        assert words[1] in shown.output


def test_our_services_may_do_no_more_than_they_need(compose: dict[str, Any]) -> None:
    for name in ("gateway", "projector", "worker"):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8080:8080"]


def test_every_volume_and_secret_is_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert (CODE / source).exists() if source.startswith(".") else source in compose["volumes"]
        assert set(service.get("secrets", [])) <= set(compose["secrets"])


def test_the_image_copies_what_exists_and_runs_as_an_ordinary_user() -> None:
    lines = (CODE / "ops/docker/Dockerfile").read_text().replace("\\\n", " ").splitlines()
    copied = [
        words[1:-1] for line in lines if (words := line.split())[:1] == ["COPY"] and "--from" not in line
    ]
    assert all((CODE / source).exists() for sources in copied for source in sources)
    assert {folder for folder in map(Path, (s for c in copied for s in c)) if (CODE / folder).is_dir()} == {
        Path(name) for name in ("command_side", "contracts", "gateway", "ops", "projections", "query_side")
    }
    assert any(line.startswith("USER ") and "root" not in line for line in lines)
    variables = re.findall(r"CHEMIST_\w+", "\n".join(lines))
    assert variables
    assert all(map(knows, variables))
    installs = re.findall(r"pip install[^&\n]*", "\n".join(lines))
    assert installs
    assert all("--require-hashes" in install for install in installs)


def test_the_image_holds_the_packages_it_picks_and_no_others() -> None:
    lock = (CODE / "requirements.lock").read_text()
    picked = pick(lock, ["PyMongo", "typing_extensions"])
    assert [line.partition("==")[0] for line in picked.splitlines() if "==" in line] == [
        "pymongo",
        "typing-extensions",
    ]
    assert picked.count("--hash=sha256:") > 2
    with pytest.raises(LookupError, match="not pinned: left-pad"):
        pick(lock, ["pymongo", "left-pad"])
