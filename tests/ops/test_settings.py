"""Settings come from the environment, go to child processes unchanged, and keep their secrets to themselves."""

from pathlib import Path

import pytest

from ops.settings import Settings, SettingsError, described, knows, redacted

GIVEN = {
    "CHEMIST_POSTGRES_DSN": "postgresql://app:pa55@db/chemist",
    "CHEMIST_REDIS_URL": "redis://:pa55@cache:6379/0",
    "CHEMIST_MONGODB_URL": "mongodb://u:pa55@docs/chemist",
    "CHEMIST_DATA_DIR": "/srv/chemist",
}


def test_what_is_not_given_follows_from_what_is() -> None:
    settings = Settings.from_environment(GIVEN)
    assert settings.postgres_admin_dsn == settings.postgres_dsn
    assert settings.broker_url == "redis://:pa55@cache:6379/1"
    assert settings.search_dir == Path("/srv/chemist/search")
    assert settings.jwt_public_key_file == Path("/srv/chemist/keys/jwt_public.pem")
    assert settings.elasticsearch_url is None
    assert settings.ledger("catalog") == (settings.postgres_dsn,)
    assert settings.ledger_admin("catalog") == (settings.postgres_dsn,)
    assert (settings.gateway_host, settings.gateway_port, settings.channel) == ("127.0.0.1", 8080, "local")


def test_a_ledger_may_have_shards_of_its_own() -> None:
    variables = {
        **GIVEN,
        "CHEMIST_LEDGER_CATALOG_DSNS": "postgresql://a/x, postgresql://b/x",
        "CHEMIST_LEDGER_CATALOG_ADMIN_DSNS": "postgresql://owner@a/x,postgresql://owner@b/x",
        "CHEMIST_LEDGER_PRICING_DSNS": "postgresql://c/x",
    }
    settings = Settings.from_environment(variables)
    assert settings.ledger("catalog") == ("postgresql://a/x", "postgresql://b/x")
    assert settings.ledger_admin("catalog") == ("postgresql://owner@a/x", "postgresql://owner@b/x")
    assert settings.ledger_admin("pricing") == ("postgresql://c/x",)
    assert Settings.from_environment(settings.to_environment()) == settings


def test_a_child_process_gets_the_same_settings() -> None:
    variables = {**GIVEN, "CHEMIST_ELASTICSEARCH_URL": "http://search:9200", "CHEMIST_IDEMPOTENCY_DAYS": "7"}
    settings = Settings.from_environment(variables)
    assert Settings.from_environment(settings.to_environment()) == settings


def test_an_empty_variable_counts_as_absent() -> None:
    assert Settings.from_environment({**GIVEN, "CHEMIST_ELASTICSEARCH_URL": " "}).elasticsearch_url is None


def test_nothing_shows_a_secret() -> None:
    settings = Settings.from_environment({**GIVEN, "CHEMIST_ELASTICSEARCH_URL": "https://u:pa55@search"})
    assert "pa55" not in repr(settings)
    assert "pa55" not in str(settings)
    assert redacted("postgresql://app:pa55@db:5432/chemist?x=1") == "postgresql://app:***@db:5432/chemist?x=1"
    assert redacted("redis://:pa55@cache/0") == "redis://:***@cache/0"
    assert redacted("mongodb://a:pa55@one:1,two:2/d") == "mongodb://a:***@one:1,two:2/d"
    assert redacted("host=db password=pa55 user=app") == "host=db password=*** user=app"
    assert redacted("http://search:9200") == "http://search:9200"


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"CHEMIST_REDIS_URL": "redis://x"}, "CHEMIST_POSTGRES_DSN is not set"),
        ({**GIVEN, "CHEMIST_REDDIS_URL": "x"}, "CHEMIST_REDDIS_URL is not a setting of ours"),
        ({**GIVEN, "CHEMIST_ledger_dsns": "x"}, "CHEMIST_ledger_dsns is not a setting of ours"),
        ({**GIVEN, "CHEMIST_GATEWAY_PORT": "99999"}, "CHEMIST_GATEWAY_PORT is wrong: "),
        ({**GIVEN, "CHEMIST_CHANNEL": "pigeon"}, "CHEMIST_CHANNEL is wrong: "),
        ({**GIVEN, "CHEMIST_RPC_KEY_FILE": "/k"}, "mutual TLS needs all three"),
    ],
)
def test_a_wrong_environment_is_named(variables: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        Settings.from_environment(variables)


def test_every_setting_is_described() -> None:
    rows = described()
    assert len(rows) == len(Settings.model_fields)
    for name, meaning, _ in rows:
        assert knows(name.replace("<CONTEXT>", "CATALOG")), name
        assert meaning, name
