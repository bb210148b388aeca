"""How long attestations take to verify: warm, as a process, by size, and through the book.

Run: python benchmarks/attestations.py [--quick]
Beside sigstore-python (the extra ``sigstore``) on the same bundles, in turns, in one run; it
verifies the signature of a statement and leaves it to its caller to compare the subjects. The
bundles are those of the shared vectors where these are present (``GATEBOOK_VECTORS``), else they
are signed by the tests' private Sigstore, as those of the sizes always are.
"""

import base64
import compileall
import datetime as dt
import gc
import hashlib
import importlib.util
import itertools
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

import gatebook
from gatebook import canonical
from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.facts.opened import forget_documents
from gatebook.formats.attestations import split_attestations
from gatebook.trust.identities.certificate import read_certificate_identity
from gatebook.trust.identities.constraint import IdentityConstraint
from gatebook.trust.request.documents import verify_documents
from gatebook.trust.request.root import RequestRoot, authority
from gatebook.trust.request.subject import RequestSubject
from gatebook.trust.request.verification import VerificationRequest, verify_request
from gatebook.trust.sigstore.authority import forget_certificates
from gatebook.trust.sigstore.profile import ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verify import verify_bundle

QUICK = "--quick" in sys.argv
ROUNDS = 30 if QUICK else 300
PROCESSES = 5 if QUICK else 25
TESTS = Path(__file__).parents[1] / "tests"
VECTORS = Path(os.environ.get("GATEBOOK_VECTORS", TESTS.parents[1] / "shared" / "vectors"))
GATEBOOK = Path(sys.executable).with_name("gatebook")
NOW = Instant.parse("2026-11-20T12:00:00Z")
WARM_TARGET, COLD_TARGET = 1.0, 120.0
MEGABYTE = 1024 * 1024


def load(name: str, path: Path) -> ModuleType:
    """A kit of the tests."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


KIT: Any = load("sigstore_kit", TESTS / "unit" / "trust" / "sigstore_kit.py")
INTEROP: Any = load("interop_kit", TESTS / "interop" / "conftest.py")
COMPANY: Any = load("company_kit", TESTS / "unit" / "conftest.py")


def loads(data: bytes) -> Any:
    return canonical.loads(data, what="document", max_bytes=64 * MEGABYTE)


# -- the bundles -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A bundle that is good, with everything it takes to say so."""

    name: str
    bundle: bytes
    artifact: bytes | Digest
    trusted_root: bytes
    identity: str
    issuer: str

    @property
    def subject(self) -> RequestSubject:
        if isinstance(self.artifact, Digest):
            return RequestSubject.of(self.artifact)
        return RequestSubject.of_bytes(self.artifact)

    @property
    def is_statement(self) -> bool:
        return "dsseEnvelope" in loads(self.bundle)

    def request(self) -> VerificationRequest:
        """What ``gatebook verify attestation`` makes of its options."""
        material = SigstoreRoot.parse(self.trusted_root)
        constraint = IdentityConstraint.exact(self.identity, self.issuer)
        return VerificationRequest(
            subject=self.subject,
            root=RequestRoot.of_certificates(constraint, authority(ProfileName.PRIVATE, material)),
            at=NOW,
        )

    def peer(self, scratch: Path) -> Callable[[], object]:
        """The same question to sigstore-python, from bytes to verdict."""
        from sigstore.models import Bundle, TrustedRoot
        from sigstore.verify import Verifier, policy

        file = scratch / "peer-root.json"
        file.write_bytes(self.trusted_root)
        verifier = Verifier(trusted_root=TrustedRoot.from_file(str(file)))
        wanted = policy.Identity(identity=self.identity, issuer=self.issuer)
        if self.is_statement:
            return lambda: verifier.verify_dsse(Bundle.from_json(self.bundle), wanted)
        assert isinstance(self.artifact, bytes)
        artifact = self.artifact
        return lambda: verifier.verify_artifact(artifact, Bundle.from_json(self.bundle), wanted)


def from_vectors(name: str, bundle: str, artifact: str | None, root: str) -> Case:
    """A bundle of the vectors; without an artifact, the first one its statement names."""
    place = VECTORS / "attest"
    data = (place / bundle).read_bytes()
    material = loads(data)["verificationMaterial"]
    leaf = material.get("certificate") or material["x509CertificateChain"]["certificates"][0]
    identity = read_certificate_identity(
        x509.load_der_x509_certificate(base64.b64decode(leaf["rawBytes"]))
    )
    return Case(
        name=name,
        bundle=data,
        artifact=named(data) if artifact is None else (place / artifact).read_bytes(),
        trusted_root=(place / "trusted_roots" / root).read_bytes(),
        identity=identity.subject.value,
        issuer=str(identity.issuer),
    )


def named(bundle: bytes) -> Digest:
    payload = loads(base64.b64decode(loads(bundle)["dsseEnvelope"]["payload"]))
    return Digest("sha256", payload["subject"][0]["digest"]["sha256"])


def from_kit(name: str, *, statement: bool, entries: tuple[str, ...]) -> Case:
    deployment = INTEROP.Deployment.make(KIT)
    artifact = b"the application\n"
    content = INTEROP.Desk.statement(sha256(artifact)) if statement else artifact
    return Case(
        name=name,
        bundle=deployment.sign(content, statement=statement, entries=entries),
        artifact=artifact,
        trusted_root=deployment.trusted_root(),
        identity=KIT.IDENTITY,
        issuer=KIT.ISSUER,
    )


def cases() -> list[Case]:
    if not (VECTORS / "attest").is_dir():
        return [
            from_kit("Rekor v1, dsse", statement=True, entries=("dsse",)),
            from_kit("Rekor v1, hashedrekord", statement=False, entries=("hashedrekord",)),
            from_kit("Rekor v2, timestamp", statement=True, entries=("hashedrekord-v2",)),
        ]
    assets = "sigstore-python-assets"
    return [
        from_vectors(
            "Rekor v1, dsse",
            "slsa/bcr/MODULE.bazel.intoto.jsonl",
            "slsa/bcr/MODULE.bazel",
            "public-good.json",
        ),
        from_vectors(
            "Rekor v1, hashedrekord",
            f"{assets}/bundle_v3.txt.sigstore",
            f"{assets}/bundle_v3.txt",
            "staging.json",
        ),
        from_vectors(
            "Rekor v2, timestamp",
            f"{assets}/a.dsse.staging-rekor-v2.txt.sigstore.json",
            None,
            "staging.json",
        ),
    ]


# -- measuring -------------------------------------------------------------------------------------


def once(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def in_turns(*calls: Callable[[], object], rounds: int = ROUNDS) -> list[list[float]]:
    """Milliseconds of each call; they take turns, so that all see the same machine."""
    for call in calls:
        call()
        call()
    taken: list[list[float]] = [[] for _ in calls]
    gc.collect()
    for _ in range(rounds):
        for times, call in zip(taken, calls, strict=True):
            times.append(once(call))
    return taken


def quantiles(times: list[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    ordered = sorted(times)
    return statistics.median(ordered), ordered[math.ceil(len(ordered) * 0.95) - 1]


def verdict(found: float, target: float) -> str:
    return f"target {target:g} ms {'met' if found <= target else 'MISSED'}"


# -- (a) warm --------------------------------------------------------------------------------------


def warm(scratch: Path, found: list[Case]) -> None:
    print(f"\nwarm, from bytes to verdict, {ROUNDS} rounds in turns")
    floor()
    for case in found:
        root = SigstoreRoot.parse(case.trusted_root)
        request = case.request()
        profile = request.root.trusted.authorities[0].profile

        def bundle_only(case: Case = case, root: Any = root, profile: Any = profile) -> object:
            return verify_bundle(case.bundle, artifact=case.artifact, root=root, profile=profile)

        def whole(case: Case = case, request: VerificationRequest = request) -> object:
            return verify_request(case.bundle, request)

        def stranger(only: Callable[[], object] = bundle_only) -> object:
            forget_certificates()
            return only()

        calls: list[Callable[[], object]] = [bundle_only, whole, stranger]
        if has_peer():
            calls.append(case.peer(scratch))
        ours, full, new, *theirs = (quantiles(times) for times in in_turns(*calls))
        size = f"{len(case.bundle) / 1000:.1f} kB"
        print(
            f"{case.name:24} {size:>8}  verify_bundle p50 {ours[0]:5.2f} p95 {ours[1]:5.2f} ms  "
            f"verify_request p50 {full[0]:5.2f} p95 {full[1]:5.2f} ms  "
            f"{verdict(ours[0], WARM_TARGET)}"
        )
        print(f"{'':33}  a certificate not seen before p50 {new[0]:5.2f} p95 {new[1]:5.2f} ms")
        for p50, p95 in theirs:
            print(
                f"{'':33}  sigstore-python p50 {p50:5.2f} p95 {p95:5.2f} ms  "
                f"ratio {p50 / ours[0]:.1f}, {p50 / new[0]:.1f} (not seen before)"
            )


def floor() -> None:
    """What the signatures alone cost here: a public-good bundle has one P-384 and four P-256."""
    for name in ("p256", "p384"):
        key = KIT.make_key(name)
        hashed = ec.ECDSA(KIT.hash_of(key))
        public, signature = key.public_key(), KIT.sign(key, b"x" * 2000)
        (times,) = in_turns(lambda p=public, s=signature, h=hashed: p.verify(s, b"x" * 2000, h))
        print(f"one signature check, {name}: p50 {quantiles(times)[0]:.3f} ms")


def has_peer() -> bool:
    return importlib.util.find_spec("sigstore") is not None


# -- (b) cold --------------------------------------------------------------------------------------

PEER = """
import sys
from pathlib import Path
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy
bundle, artifact, root, identity, issuer = sys.argv[1:]
verifier = Verifier(trusted_root=TrustedRoot.from_file(root))
wanted = policy.Identity(identity=identity, issuer=issuer)
read = Bundle.from_json(Path(bundle).read_bytes())
if read._inner.dsse_envelope:
    verifier.verify_dsse(read, wanted)
else:
    verifier.verify_artifact(Path(artifact).read_bytes(), read, wanted)
"""


LAUNCHER = """
import json, os, sys, time
for line in sys.stdin:
    command = json.loads(line)
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    wall = (time.perf_counter() - start) * 1000
    print(json.dumps([os.waitstatus_to_exitcode(status), wall, used.ru_maxrss]), flush=True)
"""


class Launcher:
    """Starts processes from a small one: Linux counts the starter's memory into the started's."""

    def __init__(self, where: Path) -> None:
        self.running = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", LAUNCHER],
            cwd=where,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, command: list[str]) -> tuple[float, float]:
        """Wall milliseconds and the largest resident set in megabytes of one process."""
        given, answered = self.running.stdin, self.running.stdout
        assert given is not None
        assert answered is not None
        given.write(json.dumps(command) + "\n")
        given.flush()
        status, wall, kilobytes = loads(answered.readline().encode())
        assert status == 0, command
        return wall, kilobytes / 1024

    def close(self) -> None:
        self.running.communicate()


def compile_everything() -> None:
    """Byte-compile both sides, so that nobody is charged for it."""
    places = {Path(gatebook.__file__).parent}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and "site-packages" in file:
            parts = Path(file).parts
            at = parts.index("site-packages")
            places.add(Path(*parts[: at + 2]))
    for place in places:
        if place.is_dir():
            compileall.compile_dir(str(place), quiet=2)
        else:
            compileall.compile_file(str(place), quiet=2)


def cold(scratch: Path, found: list[Case]) -> None:
    if has_peer():
        import sigstore.verify  # noqa: F401  # so that its modules are compiled as well
    compile_everything()
    print(f"\ncold, whole processes, {PROCESSES} runs in turns")
    launch = Launcher(scratch)
    bare = [launch([sys.executable, "-c", "pass"]) for _ in range(PROCESSES)]
    show("python -c pass", bare, None)
    for case in found:
        (scratch / "bundle").write_bytes(case.bundle)
        subject = str(case.artifact)
        if isinstance(case.artifact, bytes):
            (scratch / "artifact").write_bytes(case.artifact)
            subject = "artifact"
        (scratch / "root").write_bytes(case.trusted_root)
        ours = [
            *(str(GATEBOOK), "verify", "attestation", "bundle", "--subject", subject),
            *("--trust-root", "root", "--certificate-identity", case.identity),
            *("--certificate-oidc-issuer", case.issuer),
        ]
        theirs = [
            *(sys.executable, "-c", PEER, "bundle", "artifact", "root"),
            *(case.identity, case.issuer),
        ]
        commands = [ours, theirs] if has_peer() else [ours]
        runs: list[list[tuple[float, float]]] = [[] for _ in commands]
        for _ in range(PROCESSES):
            for number, command in enumerate(commands):
                runs[number].append(launch(command))
        fast = show(f"gatebook, {case.name}", runs[0], COLD_TARGET)
        if len(runs) > 1:
            slow = show(f"sigstore-python, {case.name}", runs[1], None)
            print(f"{'':44} ratio of medians {slow / fast:.1f}")
    launch.close()


def show(name: str, runs: list[tuple[float, float]], target: float | None) -> float:
    walls = [wall for wall, _ in runs]
    p50, p95 = quantiles(walls)
    memory = max(size for _, size in runs)
    print(
        f"{name:44} wall min {min(walls):6.1f} p50 {p50:6.1f} p95 {p95:6.1f} ms  "
        f"max RSS {memory:5.1f} MB  {'' if target is None else verdict(p50, target)}"
    )
    return p50


# -- (c) sizes -------------------------------------------------------------------------------------


class Sizes:
    """Bundles of the private Sigstore that grow in one direction."""

    def __init__(self) -> None:
        self.sigstore = KIT.Sigstore()
        self.leaf = self.sigstore.leaf()
        self.artifact = b"the application\n"
        self.request = Case(
            name="",
            bundle=b"",
            artifact=self.artifact,
            trusted_root=self.sigstore.trusted_root(),
            identity=KIT.IDENTITY,
            issuer=KIT.ISSUER,
        ).request()

    def statement(self, *, subjects: int = 1, padding: int = 0, mark: int = 0) -> bytes:
        listed = [
            {"name": f"file-{number}", "digest": {"sha256": f"{number:064x}"}}
            for number in range(1, subjects)
        ]
        # The one asked about comes last, where it is found last.
        listed.append({"name": "app", "digest": {"sha256": sha256(self.artifact).hex}})
        line = "all is well with this part of the build, as far as one can see; "
        lines = [line] * (padding // (len(line) + 3))
        return json.dumps(
            {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": listed,
                "predicateType": "https://example.com/review/v1",
                "predicate": {"mark": mark, "lines": lines},
            },
            separators=(",", ":"),
        ).encode()

    def sign(self, statement: bytes, **knobs: Any) -> bytes:
        encoded: bytes = KIT.encode(
            self.sigstore.sign_statement(statement, leaf=self.leaf, **knobs)
        )
        return encoded

    def logged(self, count: int) -> bytes:
        """A bundle with several entries of the one log, all about its signature."""
        numbers = itertools.count()

        def differ(body: Any) -> Any:
            # Verifiers do not know the hash of the envelope as it was sent; it tells entries apart.
            value = hashlib.sha256(b"%d" % next(numbers)).hexdigest()
            body["spec"]["envelopeHash"]["value"] = value
            return body

        return self.sign(self.statement(), entries=("dsse",) * count, body=differ)

    def measure(self, name: str, data: bytes) -> float:
        rounds = 3 if len(data) > MEGABYTE else 20 if QUICK else 60
        ((p50, p95),) = (quantiles(times) for times in in_turns(self.ask(data), rounds=rounds))
        rate = f"{len(data) / 1e3 / p50:6.1f} MB/s" if len(data) > 100_000 else ""
        print(f"{name:28} {len(data) / 1000:9.1f} kB  p50 {p50:8.2f} p95 {p95:8.2f} ms  {rate}")
        return p50

    def ask(self, data: bytes) -> Callable[[], object]:
        def verify() -> object:
            verdicts = verify_documents(split_attestations(data), self.request)
            assert all(each.report is not None for each in verdicts)
            return verdicts

        return verify


def sizes() -> None:
    print("\nsizes, split, recognised and verified")
    made = Sizes()
    for subjects in (1, 16, 128, 1024):
        made.measure(f"{subjects} subjects", made.sign(made.statement(subjects=subjects)))
    for size in (1_000, 100_000, 1_000_000, 10_000_000, 40_000_000)[: 3 if QUICK else 5]:
        statement = made.statement(padding=size)
        made.measure(f"payload of {len(statement) / 1000:.0f} kB", made.sign(statement))
    for entries in (1, 2, 8, 32):
        made.measure(f"{entries} log entries", made.logged(entries))
    for lines in (1, 10, 100, 1000)[: 3 if QUICK else 4]:
        document = b"\n".join(made.sign(made.statement(mark=mark)) for mark in range(lines))
        p50 = made.measure(f"{lines} bundles in JSON lines", document)
        print(f"{'':28} {p50 / lines:.2f} ms each, {1000 * lines / p50:.0f} a second")


# -- (d) through the book --------------------------------------------------------------------------


def through_the_book() -> None:
    """Facts of an artifact whose SBOM is in a bundle: verified at first, remembered later."""
    sigstore = KIT.Sigstore(at=dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC))
    identity = {
        "id": "release",
        "authority": "acme",
        "certificate": {"issuer": KIT.ISSUER, "identity": KIT.IDENTITY},
        "may-attest": ["sbom"],
        "repositories": "any",
        "environments": "any",
    }
    root = {
        "trust-root": "gatebook/trust-root/v1",
        "authorities": [
            {
                "id": "acme",
                "profile": "public-good",
                "trusted-root": sigstore.trusted_root().decode(),
            }
        ],
        "identities": [identity],
    }
    book = COMPANY.BookKit(blobs=COMPANY.BreakableBlobs())
    book.trust(json.dumps(root).encode())
    repository = "https://github.com/acme/api"
    book.record(repository=repository)
    statement = COMPANY.an_sbom()
    # Fulcio's extensions: the build is of the repository that the artifact is recorded with.
    source = {12: repository, 13: COMPANY.COMMIT, 14: "refs/heads/main"}
    leaf = sigstore.leaf(extensions=source)
    bundle = KIT.encode(sigstore.sign_statement(statement, leaf=leaf))
    book.append(
        COMPANY.EvidenceAccepted(
            predicate_type=loads(statement)["predicateType"],
            signers=(book.signed_by("ci"),),
            root=book.trust_root_digest(),
        ),
        subject=COMPANY.API,
        evidence=(book.keep(bundle, "application/vnd.dev.sigstore.bundle.v0.3+json"),),
    )

    def known() -> object:
        (fact,) = book.facts().evidence
        assert fact.signed, fact.problem
        return fact

    def forgotten() -> object:
        forget_documents()
        return known()

    first, later = in_turns(forgotten, known)
    # Each call of the first kind forgets, so the second one always follows a call that remembers.
    for name, times in (("verified anew", first), ("remembered", later)):
        p50, p95 = quantiles(times)
        print(f"facts of one artifact, {name:14} p50 {p50:6.2f} p95 {p95:6.2f} ms")
    print(f"ratio {statistics.median(first) / statistics.median(later):.1f}")


def main() -> None:
    peer = "sigstore-python absent: install the extra sigstore to compare"
    if has_peer():
        peer = f"sigstore-python {metadata.version('sigstore')}"
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()}; {peer}"
    )
    found = cases()
    source = "the shared vectors" if (VECTORS / "attest").is_dir() else "the tests' Sigstore"
    print(f"bundles of {source}; load {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as scratch:
        warm(Path(scratch), found)
        cold(Path(scratch), found)
        sizes()
        print()
        through_the_book()


if __name__ == "__main__":
    main()
