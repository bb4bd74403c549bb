#!/bin/sh
# Makes the secrets of compose.yaml, each a file of mode 0600 that the service alone may read. As root, once:
#
#   secrets.sh FOLDER       FOLDER is not there yet; keys.json and connections.json come beside them (README.md)
set -eu
umask 077
folder=${1:?a folder that is not there yet}
mkdir -m 0711 "$folder"
cd "$folder"

word() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { printf '%s' "$2" > "$1"; }

airflow=$(word) owner=$(word) redis=$(word) store=$(word)
keep postgres_password "$(word)"
keep airflow_password "$airflow"
keep owner_password "$owner"
keep redis_password "$redis"
keep store.env "ROOT_ACCESS_KEY=afschrift
ROOT_SECRET_KEY=$store
"
keep fernet_key "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
keep api_secret_key "$(word)"
keep jwt_secret "$(word)"
keep airflow_database "postgresql+psycopg2://airflow:$airflow@postgres/airflow"
keep celery_results "db+postgresql://airflow:$airflow@postgres/airflow"
keep celery_broker "redis://:$redis@redis:6379/0"
keep owner.pgpass "postgres:5432:register:afschrift_owner:$owner"
for pair in runs:worker officers:pages checks:sweep; do
  password=$(word)
  keep "${pair%:*}_password" "$password"
  keep "${pair#*:}.pgpass" "postgres:5432:register:afschrift_${pair#*:}:$password"
done
access="\"key\": \"afschrift\", \"secret\": \"$store\", \"endpoint_url\": \"http://store:7070\""
keep staging.json "{$access}"
keep outbox.json "{\"options\": {$access}}"
keep connections.json '{}' # of the sources: {"shop": "postgresql://reader:PASSWORD@host/shop"}

chown 50000:0 ./* # the account of our image
chown 999:999 postgres_password airflow_password owner_password # that of PostgreSQL's image
chown 0:0 redis_password store.env # read by root, before a program is started
