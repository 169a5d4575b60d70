"""A development token opens the edge of its own installation, and is not to be had in production."""

import time
from pathlib import Path
from uuid import UUID

import pytest

from contracts.access import ROLES
from contracts.errors import NotSignedIn
from gateway.authentication import Tokens
from gateway.keys import public_keys
from ops.keys import make_sure_of_keys
from ops.settings import Settings
from ops.tokens import NoToken, development_token

SOMEBODY = UUID("0b0e7f6e-0000-4000-8000-000000000001")


def settings(folder: Path, **changes: str) -> Settings:
    addresses = {"CHEMIST_POSTGRES_DSN": "x", "CHEMIST_REDIS_URL": "x", "CHEMIST_MONGODB_URL": "x"}
    return Settings.from_environment({**addresses, "CHEMIST_DATA_DIR": str(folder), **changes})


def edge_of(made: Settings) -> Tokens:
    keys = public_keys(made.jwt_public_key_file.read_bytes())
    return Tokens(keys, issuer=made.jwt_issuer, audience=made.jwt_audience)


@pytest.fixture
def ours(tmp_path: Path) -> Settings:
    """An installation with its development keys."""
    made = settings(tmp_path / "ours")
    make_sure_of_keys(made)
    return made


@pytest.mark.parametrize("role", ROLES)
def test_every_role_gets_a_token_that_the_edge_takes(ours: Settings, role: str) -> None:
    identity = edge_of(ours).identify(f"Bearer {development_token(ours, role)}".encode())
    assert identity.role == role
    assert (identity.actor == role) == role.startswith("service:")


def test_the_subject_and_the_minutes_are_as_asked_for(ours: Settings) -> None:
    token = development_token(ours, "pharmacist", SOMEBODY, minutes=5)
    identity = edge_of(ours).identify(f"Bearer {token}".encode())
    assert identity.actor == str(SOMEBODY)
    assert 4 * 60 < identity.expires - time.time() < 6 * 60


def test_the_token_of_another_installation_opens_nothing(ours: Settings, tmp_path: Path) -> None:
    theirs = settings(tmp_path / "theirs")
    make_sure_of_keys(theirs)
    with pytest.raises(NotSignedIn):
        edge_of(ours).identify(f"Bearer {development_token(theirs, 'administrator')}".encode())


def test_production_makes_no_tokens(ours: Settings, tmp_path: Path) -> None:
    production = settings(tmp_path / "ours", CHEMIST_ENV="production")
    assert production.jwt_private_key_file == ours.jwt_private_key_file
    with pytest.raises(NoToken, match="production"):
        development_token(production, "administrator")


def test_an_unknown_role_is_told_which_there_are(ours: Settings) -> None:
    with pytest.raises(NoToken, match="pharmacist"):
        development_token(ours, "wizard")


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_a_missing_or_broken_key_is_said_in_plain_words(ours: Settings, content: bytes | None) -> None:
    ours.jwt_private_key_file.unlink()
    if content is not None:
        ours.jwt_private_key_file.write_bytes(content)
    with pytest.raises(NoToken, match="cannot be read"):
        development_token(ours, "administrator")
