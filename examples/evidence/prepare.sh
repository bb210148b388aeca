#!/bin/sh
# Lays out the example of evidence in the present directory: an artifact, a contract, two new keys
# of the build and of product security, and a trust root that says what each may attest.
set -eu
here=$(dirname "$0")
cp "$here/prod.yaml" "$here/sbom.json" "$here/scan.json" "$here/vex.json" "$here/coverage.info" .
cp "$here/../first-gate/junit.xml" .
printf 'hello, production\n' > app.txt

for name in ci security; do
  gatebook key generate --output "$name.pem" > /dev/null
done

key() {
  printf '  - id: %s\n    public-key: |\n' "$1"
  sed 's/^/      /' "$1.pem.pub"
  printf '    may-attest: [%s]\n    repositories: any\n    environments: any\n' "$2"
}

{
  echo 'trust-root: gatebook/trust-root/v1'
  echo 'keys:'
  key ci 'sbom, report, test-result, "https://gatebook.dev/evidence-types/load-test"'
  key security 'report, waiver'
} > trust.yaml
