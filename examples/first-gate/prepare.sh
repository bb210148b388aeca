#!/bin/sh
# Lays out the first example in the present directory: an artifact with its test report and SBOM,
# a contract, three new keys, and a trust root that says what each key may attest.
set -eu
here=$(dirname "$0")
cp "$here/prod.yaml" "$here/junit.xml" "$here/sbom.json" "$here/build.env" .
printf 'hello, production\n' > app.txt

for name in ci ana ben; do
  gatebook key generate --output "$name.pem" > /dev/null
done

key() {
  printf '  - id: %s\n    public-key: |\n' "$1"
  sed 's/^/      /' "$1.pem.pub"
  printf '    may-attest: [%s]\n    repositories: %s\n    environments: [prod]\n' "$2" "$3"
}

{
  echo 'trust-root: gatebook/trust-root/v1'
  echo 'keys:'
  key ci 'provenance, sbom, test-result' '["https://git.example.com/acme/*"]'
  key ana approval any
  key ben approval any
  echo 'people:'
  for name in ana ben; do
    printf '  - id: %s\n    actors: ["key#%s"]\n    emails: [%s@example.com]\n' "$name" "$name" "$name"
  done
} > trust.yaml
