#!/bin/sh
# Runs once, in a new database: the role our processes work as. `chemist migrate` grants it what it may do.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
     --set password="$CHEMIST_APP_PASSWORD" <<'SQL'
CREATE ROLE chemist_app LOGIN PASSWORD :'password';
SQL
