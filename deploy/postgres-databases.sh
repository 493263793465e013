#!/bin/bash
# The databases and their owners, made once when PostgreSQL's volume is empty. Neither owner is a superuser.
# Run by the postgres image. The passwords are in the environment and appear in no process list.
set -euo pipefail

psql --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv temporal_password TEMPORAL_DB_PASSWORD
\getenv makegood_password MAKEGOOD_DB_PASSWORD
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE ROLE makegood LOGIN PASSWORD :'makegood_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE DATABASE makegood OWNER makegood;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility, makegood FROM PUBLIC;
SQL
