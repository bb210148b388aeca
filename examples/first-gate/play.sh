#!/bin/sh
# Plays the first example in the present directory up to a deployment, and says nothing: the book
# .gatebook then holds a denial (entry 7), a refused approval (8), an approval (9), the decision
# that allows (10), and the deployment (11).
set -eu
here=$(dirname "$0")
sh "$here/prepare.sh"
. ./build.env
{
  gatebook init --origin ledger.example.com/acme
  gatebook trust publish trust.yaml
  gatebook contract publish prod.yaml
  gatebook record app.txt
  gatebook attest app.txt --type provenance --key ci.pem
  gatebook attest app.txt --type sbom --predicate sbom.json --key ci.pem
  gatebook attest app.txt --type test-result --predicate junit.xml --key ci.pem
  gatebook gate app.txt --environment prod || test $? = 3
  gatebook approve app.txt --environment prod --key ana.pem 2>&1 || test $? = 3
  gatebook approve app.txt --environment prod --key ben.pem
  gatebook gate app.txt --environment prod
  gatebook deploy record app.txt --environment prod --name app
} > /dev/null
