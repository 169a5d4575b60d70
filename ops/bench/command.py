"""A command over HTTP, beside a bare FastAPI handler that does one INSERT in the same Postgres."""

from ops.bench import sample
from ops.bench.conditions import conditions
from ops.bench.databases import own_database
from ops.bench.http import bare, compare, gateway
from ops.bench.lab import Lab
from ops.bench.load.shots import NUMBER, Shots
from ops.bench.result import Result, Target

CLIENTS = 64


def run(lab: Lab) -> Result:
    """List a new product with every request; our views follow meanwhile, as they do in life."""
    settings = lab.stack.settings
    body = sample.body(f"BENCH-{NUMBER}").decode()
    json = {"Content-Type": "application/json"}
    ours = gateway(lab, Shots(("/v1/catalog/list-product",), "POST", {**json, **lab.bearer}, body))
    with (
        own_database(settings.postgres_admin_dsn, "insert") as database,
        lab.yardstick("insert:application", BENCH_DSN=database.admin_dsn) as server,
    ):
        seen = compare(lab, ours, bare(server, Shots(("/",), "POST", json, body)), CLIENTS)
    return Result(
        name="command",
        title=f"a command over HTTP, {CLIENTS} clients",
        yardstick_title="a bare FastAPI handler doing one INSERT",
        unit="commands/s",
        target=Target(0.6),
        rounds=seen.rounds,
        conditions=conditions(
            clients=CLIENTS, seconds=lab.size.seconds, body_bytes=len(body), load_generator=lab.load.name
        ),
        details=seen.details(),
    )
