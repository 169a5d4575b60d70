-- One shard of one context's ledger: the only truth about that context.
--
-- {schema} is the context's schema, {app} the role the application works as. Every statement may run again.
-- The application cannot write a table here: it can only call append(), which is why no client, however
-- wrong, can leave a gap, take a position twice, alter an event or write one without an actor.

CREATE SCHEMA IF NOT EXISTS {schema};

CREATE TABLE IF NOT EXISTS {schema}.head (
    only_row    boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    position    bigint      NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL DEFAULT '-infinity',
    shard       integer     NOT NULL,
    shards      integer     NOT NULL,
    CHECK (shard >= 0 AND shard < shards)
) WITH (fillfactor = 10);

CREATE TABLE IF NOT EXISTS {schema}.events (
    position    bigint      PRIMARY KEY,
    stream_id   uuid        NOT NULL,
    version     bigint      NOT NULL CHECK (version > 0),
    type        text        NOT NULL,
    data        json        NOT NULL,
    meta        json        NOT NULL CHECK (coalesce(meta ->> 'actor', '') <> ''),
    recorded_at timestamptz NOT NULL,
    UNIQUE (stream_id, version)
);

CREATE TABLE IF NOT EXISTS {schema}.commands (
    command_id   uuid        PRIMARY KEY,
    request_hash bytea       NOT NULL,
    stream_id    uuid        NOT NULL,
    version      bigint      NOT NULL,
    position     bigint      NOT NULL,
    recorded_at  timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS commands_recorded_at ON {schema}.commands USING brin (recorded_at);

CREATE TABLE IF NOT EXISTS {schema}.snapshots (
    stream_id uuid   NOT NULL,
    version   bigint NOT NULL,
    shape     text   NOT NULL,
    state     json   NOT NULL,
    PRIMARY KEY (stream_id, version, shape)
);

CREATE OR REPLACE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();

CREATE OR REPLACE TRIGGER one_head BEFORE DELETE OR TRUNCATE ON {schema}.head
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();

-- Appends the events of many commands in one transaction, each command accepted or refused on its own.
--
-- c_*: one entry a command: its id, the hash of its request, its stream, the version it was decided on.
-- e_*: one entry an event, in order: the command it belongs to (from 1), which of that command's events it is (from 1).
-- A stream and a command id occur at most once in a call.
--
-- Outcomes: accepted; repeated (same id and hash: the first answer again); key_reused (same id, other
-- hash); conflict (the stream has moved on: version says where it is).
--
-- The head row is locked first and until commit. Statements after it see everything that was committed
-- before the lock was had, so versions and ids are judged on the truth, and commit order = position order.
CREATE OR REPLACE FUNCTION {schema}.append(
    c_id uuid[], c_hash bytea[], c_stream uuid[], c_expected bigint[], c_events integer[],
    e_command integer[], e_ordinal integer[], e_type text[], e_data text[], e_meta text[]
) RETURNS TABLE (command bigint, outcome text, stream_version bigint, at_position bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
#variable_conflict use_column
DECLARE
    base  bigint;
    stamp timestamptz;
BEGIN
    SELECT h.position, greatest(clock_timestamp(), h.recorded_at) INTO STRICT base, stamp
        FROM head h FOR UPDATE;
    RETURN QUERY
    WITH judged AS MATERIALIZED (
        SELECT b.*, k.request_hash AS known_hash, k.version AS known_version, k.position AS known_position,
               (SELECT coalesce(max(e.version), 0) FROM events e WHERE e.stream_id = b.stream) AS current
        FROM unnest(c_id, c_hash, c_stream, c_expected, c_events)
                 WITH ORDINALITY AS b (id, hash, stream, expected, events, n)
        LEFT JOIN LATERAL (SELECT * FROM commands c WHERE c.command_id = b.id LIMIT 1) k ON true
    ), accepted AS MATERIALIZED (
        SELECT j.n, j.id, j.hash, j.stream, j.expected, j.events,
               base + (sum(j.events) OVER (ORDER BY j.n))::bigint AS last_position
        FROM judged j WHERE j.known_hash IS NULL AND j.current = j.expected
    ), written AS (
        INSERT INTO events (position, stream_id, version, type, data, meta, recorded_at)
        SELECT a.last_position - a.events + e.ordinal, a.stream, a.expected + e.ordinal,
               e.type, e.data::json, e.meta::json, stamp
        FROM unnest(e_command, e_ordinal, e_type, e_data, e_meta) AS e (command, ordinal, type, data, meta)
        JOIN accepted a ON a.n = e.command
    ), remembered AS (
        INSERT INTO commands (command_id, request_hash, stream_id, version, position, recorded_at)
        SELECT a.id, a.hash, a.stream, a.expected + a.events, a.last_position, stamp FROM accepted a
    ), moved AS (
        UPDATE head SET position = total.last, recorded_at = stamp
        FROM (SELECT max(a.last_position) AS last FROM accepted a) total WHERE total.last > base
    )
    SELECT j.n,
           CASE WHEN a.n IS NOT NULL THEN 'accepted'
                WHEN j.known_hash = j.hash THEN 'repeated'
                WHEN j.known_hash IS NOT NULL THEN 'key_reused'
                ELSE 'conflict' END,
           CASE WHEN a.n IS NOT NULL THEN a.expected + a.events
                WHEN j.known_hash IS NOT NULL THEN j.known_version
                ELSE j.current END,
           coalesce(a.last_position, j.known_position, base)
    FROM judged j LEFT JOIN accepted a ON a.n = j.n ORDER BY j.n;
END $$;

-- Forgets idempotency keys older than the retention; the events stay.
CREATE OR REPLACE FUNCTION {schema}.forget_commands(older_than interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    WITH gone AS (DELETE FROM commands WHERE recorded_at < clock_timestamp() - older_than RETURNING 1)
    SELECT count(*) FROM gone;
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {app};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;
GRANT USAGE ON SCHEMA {schema} TO {app};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {app};
GRANT INSERT, DELETE ON {schema}.snapshots TO {app};
GRANT EXECUTE ON FUNCTION {schema}.append, {schema}.forget_commands TO {app};
