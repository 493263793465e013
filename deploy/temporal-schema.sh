#!/bin/sh
# Brings both databases of Temporal to the schema of this image's version. Safe to repeat; run it before a newer server starts.
# Needs SQL_PASSWORD. Run by docker-compose.yml as a one-shot job.
set -eu

schema=/etc/temporal/schema/postgresql/v12

bring_to_newest() {
  # It leaves a newer version than 0.0 alone.
  temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u temporal --db "$1" setup-schema -v 0.0
  temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u temporal --db "$1" update-schema -d "$schema/$2/versioned"
}

bring_to_newest temporal temporal
bring_to_newest temporal_visibility visibility
