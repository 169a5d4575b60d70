"""Development keys are made once, for the owner's eyes only; production brings its own."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from ops.keys import NoKey, make_sure_of_keys
from ops.settings import Settings


def settings(folder: Path, env: str) -> Settings:
    return Settings.from_environment(
        {
            "CHEMIST_ENV": env,
            "CHEMIST_DATA_DIR": str(folder),
            "CHEMIST_POSTGRES_DSN": "postgresql://x/y",
            "CHEMIST_REDIS_URL": "redis://x",
            "CHEMIST_MONGODB_URL": "mongodb://x/y",
        }
    )


def test_a_pair_is_made_and_then_kept(tmp_path: Path) -> None:
    development = settings(tmp_path, "development")
    make_sure_of_keys(development)
    private, public = development.jwt_private_key_file, development.jwt_public_key_file
    before = private.read_bytes(), public.read_bytes()
    make_sure_of_keys(development)
    assert (private.read_bytes(), public.read_bytes()) == before
    assert private.stat().st_mode & 0o077 == 0
    assert private.parent.stat().st_mode & 0o077 == 0
    key = load_pem_private_key(before[0], password=None)
    assert key.public_key() == load_pem_public_key(before[1])


def test_production_is_refused_a_made_up_key(tmp_path: Path) -> None:
    with pytest.raises(NoKey, match="CHEMIST_JWT_PUBLIC_KEY_FILE names"):
        make_sure_of_keys(settings(tmp_path, "production"))
    assert list(tmp_path.iterdir()) == []
