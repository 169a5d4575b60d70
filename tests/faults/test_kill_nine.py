"""kill -9 of everything at random moments under load: nothing acknowledged is lost, doubled or missing in a view."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from random import Random

import psycopg
import pytest
from psycopg import sql

from ops.embedded.postgres import EmbeddedPostgres
from tests.faults.load import Load
from tests.faults.proof import every_command_once, every_view_is_its_fold, whole_ledger
from tests.living_stack import LivingStack, Pharmacy, living_stack, own_folder
from tests.ops.waiting import eventually

PROGRAMS = ("gateway", "projector", "postgres", "valkey", "mongodb")


@contextmanager
def two_shards() -> Iterator[LivingStack]:
    """A stack whose catalogue ledger lies in two databases."""
    folder = own_folder()
    server = EmbeddedPostgres(folder, any_port=True)
    server.start()
    try:
        with psycopg.connect(server.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier("second")))
        shards = [
            (server.dsn(role, "chemist"), server.dsn(role, "second")) for role in ("chemist_app", "postgres")
        ]
    finally:
        server.stop()
    names = ("CHEMIST_LEDGER_CATALOG_DSNS", "CHEMIST_LEDGER_CATALOG_ADMIN_DSNS")
    environment = {name: ",".join(dsns) for name, dsns in zip(names, shards, strict=True)}
    with living_stack(environment=environment, folder=folder) as stack:
        yield stack


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("stack_of", "rounds"), [(living_stack, 2), (two_shards, 1)], ids=["1 shard", "2 shards"]
)
def test_whatever_is_killed_nothing_is_lost_doubled_or_left_out(
    stack_of: Callable[[], AbstractContextManager[LivingStack]], rounds: int
) -> None:
    seed = Random().randrange(2**32)  # noqa: S311 - dice, no secret
    print("seed", seed)  # noqa: T201 - shown when it fails, to see the same moments again
    random = Random(seed)  # noqa: S311 - as above
    with stack_of() as stack:
        load = Load(stack.gateway, stack.token("administrator"))
        load.start()
        try:
            load.wait_for(30)
            for _ in range(rounds):
                for program in random.sample(PROGRAMS, len(PROGRAMS)):
                    stack.kill(program)
                    load.wait_for(random.randrange(1, 60))
            load.wait_for(60)
        finally:
            load.stop()
        eventually(stack.healthy, 30)
        with Pharmacy(stack) as pharmacy:
            pharmacy.wait_for_every_view()
        assert load.retries, "nothing of all this was felt"
        events = asyncio.run(whole_ledger(stack.settings))
        every_command_once(events, load.acknowledged)
        compared = asyncio.run(every_view_is_its_fold(stack.settings, events))
        assert compared["product_page"] > 10, compared
