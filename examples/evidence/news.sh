#!/bin/sh
# Prints the advisory about acme-parser as if it had been published just now; a second is waited
# for, because it says when to the second, and has to be later than what was recorded before.
set -eu
sleep 1
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
sed "s/2025-03-0[24]T[0-9:]*Z/$now/" "$(dirname "$0")/advisories/ACME-2026-0001.json"
