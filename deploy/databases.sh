#!/bin/sh
# Run once by the image of PostgreSQL on an empty disk: a database and an owner for Airflow, and for the register.
set -eu
secrets=${SECRETS:-/run/secrets}
psql -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres \
  -v airflow="$(cat "$secrets/airflow_password")" -v owner="$(cat "$secrets/owner_password")" <<'SQL'
CREATE ROLE airflow LOGIN PASSWORD :'airflow';
CREATE DATABASE airflow OWNER airflow;
CREATE ROLE afschrift_owner LOGIN CREATEROLE PASSWORD :'owner';
CREATE DATABASE register OWNER afschrift_owner;
REVOKE CONNECT ON DATABASE airflow FROM PUBLIC;
SQL
