#!/bin/sh
# Plays the example of evidence in the present directory up to a deployment, and says nothing: the
# book .gatebook then holds an SBOM, a test report and two other reports (entries 4 to 7), a first
# snapshot of advisories (8), the match (9), the decision that allows (10), and the deployment (11).
set -eu
here=$(dirname "$0")
sh "$here/prepare.sh"
{
  gatebook init --origin ledger.example.com/acme
  gatebook trust publish trust.yaml
  gatebook contract publish prod.yaml
  gatebook record app.txt --no-git
  gatebook attest app.txt --type sbom --predicate sbom.json --key ci.pem
  gatebook attest app.txt --type test-result --predicate junit.xml --key ci.pem
  gatebook attest app.txt --type report --predicate scan.json --key ci.pem
  gatebook attest app.txt --type report --predicate coverage.info --key ci.pem
  gatebook advisories import "$here"/advisories/ACME-2026-000[23].json
  gatebook gate app.txt --environment prod
  gatebook deploy record app.txt --environment prod --name app
} > /dev/null
