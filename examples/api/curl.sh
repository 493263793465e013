#!/bin/sh
# The API with curl. First: export MAKEGOOD_KEY=$(makegood keys create me --scope open --scope read --scope lead --json | jq -r .key)
set -eu
API="${MAKEGOOD_API:-http://127.0.0.1:8400}"
HERE="$(dirname "$0")"
ask() { curl --silent --show-error --fail-with-body --header "Authorization: Bearer $MAKEGOOD_KEY" "$@"; echo; }
json() { ask --header "Content-Type: application/json" "$@"; }

# One case: 201 the first time, 200 every other time.
json "$API/v1/cases" --data @"$HERE/refund.json"

# Many: one per line, one result per line.
ask "$API/v1/cases:batch" --header "Content-Type: application/jsonl" --data-binary @"$HERE/../cases.jsonl"

# Where it stands, and an act on it that is done once however often it is sent.
CASE=northwind-r-2001-409f2c70
ask "$API/v1/cases/$CASE"
json "$API/v1/cases/$CASE/notes" --header "Idempotency-Key: $CASE-first-note" \
  --data '{"by": {"who": "ana.agent"}, "text": "Spoke with the warehouse."}'

# What is due first, refunds only, due before a moment (mind the %2B).
ask "$API/v1/cases?kind=refund&limit=3&due_before=2099-01-01T00:00:00%2B01:00"
