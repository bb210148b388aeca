"""Time and memory of reading SBOMs, beside the libraries of the formats.

    python benchmarks/sbom.py

Documents are generated in the shape of real ones: CycloneDX as the Maven and npm plugins write it
(hashes, licences, references, dependencies), SPDX as Syft writes it (packages, files,
relationships). What is measured is what intake does: hash, decode, refuse duplicate keys, normalise
and judge package URLs and hashes.

a. ``hash_and_read`` of 1, 10 and 50 MB, compact and indented, and of a decoded predicate;
b. memory: how much the resident set of a fresh process grows, the document itself included;
c. the same with cyclonedx-python-lib and spdx-tools, for 1 MB (they take minutes for more);
d. a document of 300 MB, streamed from a file.

Set ``QUICK=1`` to leave out what takes long.
"""

import gc
import importlib.util
import io
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from gatebook.formats.sbom.read import hash_and_read, read_sbom, sbom_from

QUICK = os.environ.get("QUICK") == "1"
ROUNDS = 3 if QUICK else 7
MEGABYTE = 1_000_000
RATE_TARGET = 200.0
MEMORY_TARGET = 4.0

# -- documents -------------------------------------------------------------------------------------

MAVEN_HASHES = (
    *(("MD5", 32), ("SHA-1", 40), ("SHA-256", 64), ("SHA-512", 128)),
    *(("SHA-384", 96), ("SHA3-384", 96), ("SHA3-256", 64), ("SHA3-512", 128)),
)


def a_maven_component(number: int, dice: random.Random) -> dict[str, Any]:
    group = f"org.{dice.choice(('apache', 'jboss', 'hibernate'))}.module{number % 97}"
    name, version = f"artifact-{number}", f"{number % 9}.{number % 13}.{number % 7}.Final"
    purl = f"pkg:maven/{group}/{name}@{version}?type=jar"
    return {
        "publisher": "JBoss by Red Hat",
        "group": group,
        "name": name,
        "version": version,
        "description": f"Module {number} of a server, and of other things that need one",
        "scope": "required",
        "hashes": [
            {"alg": alg, "content": f"{dice.getrandbits(digits * 4):0{digits}x}"}
            for alg, digits in MAVEN_HASHES
        ],
        "licenses": [
            {"license": {"id": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}}
        ],
        "purl": purl,
        "externalReferences": [
            {"type": "website", "url": "http://www.jboss.org"},
            {"type": "vcs", "url": f"https://github.com/{group}/{name}"},
            {"type": "issue-tracker", "url": f"https://issues.example.org/browse/{name}"},
        ],
        "type": "library",
        "bom-ref": purl,
    }


def an_npm_component(number: int, dice: random.Random) -> dict[str, Any]:
    name, version = f"package-{number}", f"{number % 5}.{number % 11}.{number % 3}"
    group = {"group": f"@scope{number % 31}"} if number % 4 == 0 else {}
    path = f"%40scope{number % 31}/{name}" if group else name
    purl = f"pkg:npm/{path}@{version}"
    return {
        "type": "library",
        "bom-ref": f"{purl}|{number}",
        **group,
        "name": name,
        "version": version,
        "description": f"Does thing {number} to strings",
        "hashes": [{"alg": "SHA-512", "content": f"{dice.getrandbits(512):0128x}"}],
        "licenses": [{"license": {"id": dice.choice(("MIT", "ISC", "BSD-3-Clause"))}}],
        "purl": purl,
        "externalReferences": [
            {"url": f"git+https://github.com/o/{name}.git", "type": "vcs"},
            {"url": f"https://github.com/o/{name}#readme", "type": "website"},
            {"url": f"https://github.com/o/{name}/issues", "type": "issue-tracker"},
        ],
        "properties": [{"name": "cdx:npm:package:path", "value": f"node_modules/{name}"}],
    }


def cyclonedx(size: int) -> dict[str, Any]:
    """A CycloneDX document of about ``size`` bytes: half Maven's components, half npm's."""
    dice = random.Random(size)
    components: list[dict[str, Any]] = []
    dependencies: list[dict[str, Any]] = []
    length = 0
    while length < size:
        make = a_maven_component if len(components) % 2 else an_npm_component
        component = make(len(components), dice)
        needed = [dice.choice(components)["bom-ref"] for _ in range(3)] if components else []
        dependency = {"ref": component["bom-ref"], "dependsOn": list(dict.fromkeys(needed))}
        components.append(component)
        dependencies.append(dependency)
        length += len(json.dumps(component)) + len(json.dumps(dependency))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "version": 1,
        "metadata": {
            "timestamp": "2026-11-20T14:30:00Z",
            "tools": [{"vendor": "acme", "name": "maker", "version": "1.0"}],
            "component": {"type": "application", "name": "server", "bom-ref": "root"},
        },
        "components": components,
        "dependencies": dependencies,
    }


def spdx(size: int) -> dict[str, Any]:
    """An SPDX document of about ``size`` bytes: thirteen files for each package."""
    dice = random.Random(size)
    packages: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    related: list[dict[str, str]] = []
    length = 0
    while length < size:
        number = len(packages)
        name, version = f"github.com/o{number % 37}/module-{number}", f"v{number % 9}.0.1"
        ref = f"SPDXRef-Package-go-module-{number}-{dice.getrandbits(64):016x}"
        made: list[dict[str, Any]] = [
            {
                "name": name,
                "SPDXID": ref,
                "versionInfo": version,
                "supplier": "NOASSERTION",
                "downloadLocation": "NOASSERTION",
                "filesAnalyzed": False,
                "sourceInfo": "acquired package info from go module information: /usr/bin/tool",
                "licenseConcluded": "NOASSERTION",
                "licenseDeclared": dice.choice(("MIT", "Apache-2.0", "NOASSERTION")),
                "copyrightText": "NOASSERTION",
                "checksums": [
                    {"algorithm": "SHA256", "checksumValue": f"{dice.getrandbits(256):064x}"}
                ],
                "externalRefs": [
                    {
                        "referenceCategory": "SECURITY",
                        "referenceType": "cpe23Type",
                        "referenceLocator": f"cpe:2.3:a:o:module-{number}:{version}:*:*:*:*:*:*:*",
                    },
                    {
                        "referenceCategory": "PACKAGE-MANAGER",
                        "referenceType": "purl",
                        "referenceLocator": f"pkg:golang/{name}@{version}",
                    },
                ],
            }
        ]
        packages.extend(made)
        for place in range(13):
            file = f"SPDXRef-File-usr-share-{dice.getrandbits(64):016x}"
            made.append(
                {
                    "fileName": f"/usr/share/doc/module-{number}/file-{place}.txt",
                    "SPDXID": file,
                    "fileTypes": ["TEXT"],
                    "checksums": [
                        {"algorithm": "SHA1", "checksumValue": f"{dice.getrandbits(160):040x}"},
                        {"algorithm": "SHA256", "checksumValue": f"{dice.getrandbits(256):064x}"},
                    ],
                    "licenseConcluded": "NOASSERTION",
                    "licenseInfoInFiles": ["NOASSERTION"],
                    "copyrightText": "NOASSERTION",
                    "comment": f"layerID: sha256:{dice.getrandbits(256):064x}",
                }
            )
            files.append(made[-1])
            related.append(a_relationship(ref, "CONTAINS", file))
        for _ in range(2):
            other = dice.choice(packages)["SPDXID"]
            related.append(a_relationship(other, "DEPENDENCY_OF", ref))
        length += sum(len(json.dumps(each)) for each in (*made, *related[-15:]))
    related.append(a_relationship("SPDXRef-DOCUMENT", "DESCRIBES", packages[0]["SPDXID"]))
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "server",
        "documentNamespace": "https://acme.example/sbom/1",
        "creationInfo": {
            "created": "2026-11-20T14:30:00Z",
            "creators": ["Organization: Acme", "Tool: maker-1.0"],
            "licenseListVersion": "3.25",
        },
        "packages": packages,
        "files": files,
        "relationships": related,
    }


def a_relationship(first: str, kind: str, second: str) -> dict[str, str]:
    return {"spdxElementId": first, "relationshipType": kind, "relatedSpdxElement": second}


MAKERS: dict[str, Callable[[int], dict[str, Any]]] = {"CycloneDX": cyclonedx, "SPDX": spdx}


# -- measuring -------------------------------------------------------------------------------------


def best(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        result = action()
        times.append(time.perf_counter() - start)
        del result
    return min(times)


def verdict(*, met: bool) -> str:
    return "" if met else "  MISSED"


def rates() -> None:
    print(f"hash, decode, normalise (target {RATE_TARGET:.0f} MB/s)")
    for name, make in MAKERS.items():
        for size in (1, 10) if QUICK else (1, 10, 50):
            document = make(size * MEGABYTE)
            compact = json.dumps(document, separators=(",", ":")).encode()
            usual = json.dumps(document).encode()
            for style, data in (("compact", compact), ("spaced", usual)):
                seconds = best(lambda data=data: hash_and_read(data))
                rate = len(data) / MEGABYTE / seconds
                print(
                    f"  {name:10} {style:8} {len(data) / MEGABYTE:6.1f} MB "
                    f"{seconds * 1000:8.1f} ms {rate:6.0f} MB/s{verdict(met=rate >= RATE_TARGET)}"
                )
            if size == 10:
                indented = json.dumps(document, indent=2).encode()
                for style, action, length in (
                    ("indented", lambda data=indented: hash_and_read(data), len(indented)),
                    ("decoded", lambda document=document: sbom_from(document), len(compact)),
                ):
                    seconds = best(action)
                    print(
                        f"  {name:10} {style:8} {length / MEGABYTE:6.1f} MB "
                        f"{seconds * 1000:8.1f} ms {length / MEGABYTE / seconds:6.0f} MB/s"
                    )


CHILD = """
import resource, sys
from pathlib import Path
from gatebook.formats.sbom.read import hash_and_read, read_sbom
from gatebook.formats.sbom.streaming import stream_sbom
what, path = sys.argv[1:]
read_sbom(b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"file","name":"a"}]}')
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
if what == "stream":
    with open(path, "rb") as source:
        sbom = stream_sbom(source)
else:
    data = Path(path).read_bytes()
    sbom = hash_and_read(data)[1]
print(peak() - before, len(sbom.components))
"""

LAUNCHER = """
import subprocess, sys
print(subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True, text=True).stdout)
"""


def grown(what: str, path: Path) -> tuple[int, int]:
    """By how many bytes the resident set of a fresh process grows at most; the components."""
    # Linux counts the memory of whoever starts a process into it until it runs something else.
    command = [sys.executable, "-S", "-E", "-c", LAUNCHER, sys.executable, "-c", CHILD]
    done = subprocess.run(
        [*command, what, str(path)], stdout=subprocess.PIPE, check=True, text=True
    )
    size, components = done.stdout.split()
    return int(size), int(components)


def memory(scratch: Path) -> None:
    print(f"memory, the document included (target {MEMORY_TARGET:.0f} times its size)")
    for name, make in MAKERS.items():
        for size in (10,) if QUICK else (10, 50):
            path = scratch / "document"
            path.write_bytes(json.dumps(make(size * MEGABYTE), separators=(",", ":")).encode())
            length = path.stat().st_size
            size_grown, components = grown("read", path)
            times = size_grown / length
            print(
                f"  {name:10} {length / MEGABYTE:6.1f} MB {components:7} components "
                f"{size_grown / MEGABYTE:7.1f} MB, {times:.1f} times"
                f"{verdict(met=times <= MEMORY_TARGET)}"
            )


def peers() -> None:
    print("beside the libraries of the formats, 1 MB")
    for name, make, module, action in (
        ("CycloneDX", cyclonedx, "cyclonedx", with_cyclonedx_library),
        ("SPDX", spdx, "spdx_tools", with_spdx_tools),
    ):
        if importlib.util.find_spec(module) is None:
            print(f"  {module} is absent")
            continue
        data = json.dumps(make(MEGABYTE)).encode()
        ours = best(lambda data=data: hash_and_read(data))
        theirs = best(lambda action=action, data=data: action(data), 1 if QUICK else 2)
        package = {"cyclonedx": "cyclonedx-python-lib", "spdx_tools": "spdx-tools"}[module]
        print(
            f"  {name:10} ours {ours * 1000:6.1f} ms; {package} {metadata.version(package)} "
            f"{theirs * 1000:8.1f} ms; ratio {theirs / ours:.0f}"
        )


def with_cyclonedx_library(data: bytes) -> object:
    from cyclonedx.model.bom import Bom  # noqa: PLC0415  # a peer, where it is installed

    read: Any = Bom
    return read.from_json(json.load(io.BytesIO(data)))


def with_spdx_tools(data: bytes) -> object:
    from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import (  # noqa: PLC0415
        JsonLikeDictParser,
    )

    return JsonLikeDictParser().parse(json.load(io.BytesIO(data)))


def stream(scratch: Path) -> None:
    """A document of 300 MB; what is kept of it grows with its components, nothing else does."""
    wanted = (30 if QUICK else 300) * MEGABYTE
    part = cyclonedx(10 * MEGABYTE)
    components = json.dumps(part["components"]).encode()[1:-1]
    path = scratch / "large"
    with path.open("wb") as out:
        out.write(b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[')
        written = 0
        while written < wanted:
            out.write(b"," * (written > 0) + components)
            written += len(components)
        out.write(b"]}")
    length = path.stat().st_size
    print("streamed from a file")
    start = time.perf_counter()
    size_grown, count = grown("stream", path)
    seconds = time.perf_counter() - start
    print(
        f"  CycloneDX  {length / MEGABYTE:6.1f} MB {count:7} components {seconds:6.1f} s "
        f"{length / MEGABYTE / seconds:5.0f} MB/s, {size_grown / MEGABYTE:7.1f} MB, "
        f"{size_grown / length:.2f} times"
    )


def main() -> None:
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()}; load {os.getloadavg()[0]:.2f}"
    )
    read_sbom(json.dumps(cyclonedx(10_000)).encode())  # so that nothing is compiled while measured
    rates()
    with tempfile.TemporaryDirectory() as scratch:
        memory(Path(scratch))
        peers()
        stream(Path(scratch))


if __name__ == "__main__":
    main()
