"""A private Sigstore for tests: authorities, logs of both generations, timestamps, real keys.

Everything is made when asked for. Whatever lies below a signature can be changed before it is
signed (a knob); everything else is changed in the JSON that comes out, so that a story can turn a
good bundle into a bad one in just one point.
"""

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from gatebook.tlog.checkpoint_body import Checkpoint
from gatebook.tlog.merkle import leaf_hash, node_hash, root_of
from gatebook.tlog.note import SignerKey, sign_note

Json = dict[str, Any]
PrivateKey = Any
IDENTITY = "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
STATEMENT_TYPE = "application/vnd.in-toto+json"
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
_SCTS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_FULCIO = "1.3.6.1.4.1.57264.1"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def encode(bundle: Mapping[str, Any]) -> bytes:
    """The bytes of a bundle or root."""
    return json.dumps(bundle).encode()


def spki(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def pem(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def make_key(kind: str = "p256") -> PrivateKey:
    match kind:
        case "p256":
            return ec.generate_private_key(ec.SECP256R1())
        case "p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "p521":
            return ec.generate_private_key(ec.SECP521R1())
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "secp256k1":
            return ec.generate_private_key(ec.SECP256K1())
        case _:
            return rsa.generate_private_key(65537, 2048)


def hash_of(key: PrivateKey) -> Any:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}[key.curve.key_size]()
    return hashes.SHA256()


def sign(key: PrivateKey, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import padding

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hash_of(key)))
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def pae(payload_type: str, payload: bytes) -> bytes:
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def a_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def instant(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -- ASN.1, as far as timestamps need it -----------------------------------------------------------


def tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8)
    return bytes((tag, 0x80 + len(length))) + length + body


def oid(text: str) -> bytes:
    first, second, *rest = (int(part) for part in text.split("."))
    encoded = bytearray((40 * first + second,))
    for arc in rest:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        encoded += bytes(reversed(digits))
    return tlv(6, bytes(encoded))


def number(value: int) -> bytes:
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1))


def set_of(*parts: bytes, tag: int = 0x31) -> bytes:
    return tlv(tag, *sorted(parts))


SHA256_OID = "2.16.840.1.101.3.4.2.1"
SHA1_OID = "1.3.14.3.2.26"


# -- logs ------------------------------------------------------------------------------------------


@dataclass
class Tree:
    """A Merkle tree with some other entries before the one of interest."""

    before: int = 5
    after: int = 3

    def place(self, body: bytes) -> tuple[int, int, bytes, list[bytes]]:
        """Index, size, root and proof of ``body``."""
        leaves = [leaf_hash(b"other %d" % number) for number in range(self.before + self.after)]
        leaves.insert(self.before, leaf_hash(body))
        return self.before, len(leaves), root_of(leaves), self._path(self.before, leaves)

    def _path(self, index: int, leaves: Sequence[bytes]) -> list[bytes]:
        # RFC 6962 §2.1.1, written as it stands there.
        if len(leaves) <= 1:
            return []
        split = 1 << (len(leaves) - 1).bit_length() - 1
        if index < split:
            return [*self._path(index, leaves[:split]), root_of(leaves[split:])]
        return [*self._path(index - split, leaves[split:]), root_of(leaves[:split])]


assert node_hash(b"", b"")  # the kit leans on the same maths as the verifier


@dataclass
class FirstLog:
    """A log of Rekor's first generation: signs times, and checkpoints under a name of its own."""

    url: str = "https://rekor.test"
    key: PrivateKey = field(default_factory=make_key)
    tree: Tree = field(default_factory=Tree)
    operator: str | None = None

    @property
    def log_id(self) -> bytes:
        return hashlib.sha256(spki(self.key)).digest()

    def entry(
        self,
        body: Json,
        *,
        at: dt.datetime | None,
        origin: str = "rekor.test - 2605736670972794746",
        checkpoint: Callable[[Checkpoint], Checkpoint] = lambda stated: stated,
        signed_by: PrivateKey = None,
        hint: bytes | None = None,
        promise_by: PrivateKey = None,
        log_index: int = 1000,
    ) -> Json:
        """Log ``body``; ``at`` is when, or ``None`` to promise nothing."""
        raw = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
        index, size, root, proof = self.tree.place(raw)
        stated = checkpoint(Checkpoint(origin=origin, size=size, root=root))
        signature = sign(signed_by or self.key, stated.text.encode())
        line = f"— {origin.partition(' ')[0]} {b64((hint or self.log_id[:4]) + signature)}\n"
        written: Json = {
            "logIndex": str(log_index),
            "logId": {"keyId": b64(self.log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": b64(root),
                "treeSize": str(size),
                "hashes": [b64(item) for item in proof],
                "checkpoint": {"envelope": f"{stated.text}\n{line}"},
            },
            "canonicalizedBody": b64(raw),
        }
        if at is not None:
            seconds = int(at.timestamp())
            signed = json.dumps(
                {
                    "body": b64(raw),
                    "integratedTime": seconds,
                    "logID": self.log_id.hex(),
                    "logIndex": log_index,
                },
                separators=(",", ":"),
            ).encode()
            written["integratedTime"] = str(seconds)
            written["inclusionPromise"] = {
                "signedEntryTimestamp": b64(sign(promise_by or self.key, signed))
            }
        return written


@dataclass
class SecondLog:
    """A log of the second generation: C2SP checkpoints, no times."""

    host: str = "log2026.rekor.test"
    key: ed25519.Ed25519PrivateKey = field(default_factory=ed25519.Ed25519PrivateKey.generate)
    tree: Tree = field(default_factory=Tree)
    operator: str | None = None

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    @property
    def log_id(self) -> bytes:
        raw = self.key.public_key().public_bytes_raw()
        return hashlib.sha256(self.host.encode() + b"\n\x01" + raw).digest()

    def entry(
        self,
        body: Json,
        *,
        origin: str | None = None,
        checkpoint: Callable[[Checkpoint], Checkpoint] = lambda stated: stated,
        signed_as: str | None = None,
        cosigners: Sequence[SignerKey] = (),
    ) -> Json:
        """Log ``body``."""
        raw = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
        index, size, root, proof = self.tree.place(raw)
        stated = checkpoint(Checkpoint(origin=origin or self.host, size=size, root=root))
        signers = [SignerKey.of(signed_as or self.host, self.key), *cosigners]
        return {
            "logIndex": str(index),
            "logId": {"keyId": b64(self.log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": b64(root),
                "treeSize": str(size),
                "hashes": [b64(item) for item in proof],
                "checkpoint": {"envelope": sign_note(stated.text, signers).decode()},
            },
            "canonicalizedBody": b64(raw),
        }


# -- authorities -----------------------------------------------------------------------------------


@dataclass
class Authority:
    """A key with a certificate that may issue others."""

    name: str
    key: PrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def an_authority(
    name: str,
    *,
    by: Authority | None = None,
    key: PrivateKey = None,
    path_length: int | None = None,
    purpose: ObjectIdentifier | None = None,
    not_before: dt.datetime = dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    not_after: dt.datetime = dt.datetime(2035, 1, 1, tzinfo=dt.UTC),
    is_authority: bool = True,
    critical_constraints: bool = True,
    may_sign: bool | None = True,
    critical: ObjectIdentifier | None = None,
) -> Authority:
    """Make an authority; self-signed unless ``by`` another one."""
    key = key or make_key("p256")
    builder = (
        x509.CertificateBuilder()
        .subject_name(a_name(name))
        .issuer_name(a_name(by.name if by else name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=path_length),
            critical=critical_constraints,
        )
    )
    if may_sign is not None:
        usage = _usage(digital_signature=not may_sign, key_cert_sign=may_sign)
        builder = builder.add_extension(usage, critical=True)
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if critical is not None:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(critical, b"\x05\x00"), critical=True
        )
    signer = by.key if by else key
    return Authority(name, key, builder.sign(signer, hash_of(signer)))


def _usage(**named: bool) -> x509.KeyUsage:
    every = {
        "digital_signature": False,
        "content_commitment": False,
        "key_encipherment": False,
        "data_encipherment": False,
        "key_agreement": False,
        "key_cert_sign": False,
        "crl_sign": False,
        "encipher_only": False,
        "decipher_only": False,
    }
    return x509.KeyUsage(**{**every, **named})


@dataclass
class CertificateLog:
    """A log of certificates (RFC 6962)."""

    url: str = "https://ct.test/2026"
    key: PrivateKey = field(default_factory=make_key)
    operator: str | None = None

    @property
    def log_id(self) -> bytes:
        return hashlib.sha256(spki(self.key)).digest()

    def promise(
        self, tbs: bytes, issuer: Authority, at: dt.datetime, *, extensions: bytes = b""
    ) -> bytes:
        """A serialized signed certificate timestamp over a certificate without promises."""
        stamp = int(at.timestamp() * 1000).to_bytes(8)
        tail = len(extensions).to_bytes(2) + extensions
        signed = b"".join(
            (
                b"\x00\x00",
                stamp,
                b"\x00\x01",
                hashlib.sha256(spki(issuer.key)).digest(),
                len(tbs).to_bytes(3),
                tbs,
                tail,
            )
        )
        signature = sign(self.key, signed)
        return b"\x00" + self.log_id + stamp + tail + b"\x04\x03" + _vector(signature)


def _vector(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data


@dataclass
class Leaf:
    """A signer: a key and the certificate for it."""

    key: PrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@dataclass
class TimestampAuthority:
    """An authority that signs times (RFC 3161)."""

    anchor: Authority
    signer: Leaf
    url: str = "https://tsa.test/timestamp"
    operator: str | None = None

    @classmethod
    def make(cls, name: str = "tsa", **knobs: Any) -> "TimestampAuthority":
        anchor = an_authority(f"{name} root")
        return cls(anchor, timestamp_signer(anchor, name, **knobs))

    def stamp(
        self,
        data: bytes,
        at: dt.datetime,
        *,
        signer: Leaf | None = None,
        embed: Sequence[bytes] = (),
        named: x509.Certificate | None = None,
        algorithm: str = "sha256",
        status: int = 0,
        signatures: int = 1,
    ) -> bytes:
        """A response that vouches for ``data`` at ``at``.

        ``signer`` signs in place of the authority's own; ``named`` is the certificate the response
        says has signed; ``embed`` are certificates that come along.
        """
        signer = signer or self.signer
        named = named or signer.certificate
        digest_oid = {"sha256": SHA256_OID, "sha1": SHA1_OID}[algorithm]
        algorithm_id = tlv(0x30, oid(SHA256_OID))
        info = tlv(
            0x30,
            number(1),
            oid("1.3.6.1.4.1.57264.2"),
            tlv(
                0x30,
                tlv(0x30, oid(digest_oid)),
                tlv(4, hashlib.new(algorithm, data).digest()),
            ),
            number(4711),
            tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode()),
        )
        attributes = set_of(
            tlv(0x30, oid("1.2.840.113549.1.9.3"), set_of(oid("1.2.840.113549.1.9.16.1.4"))),
            tlv(
                0x30,
                oid("1.2.840.113549.1.9.4"),
                set_of(tlv(4, hashlib.sha256(info).digest())),
            ),
        )
        info_of_signer = tlv(
            0x30,
            number(1),
            tlv(0x30, named.issuer.public_bytes(), number(named.serial_number)),
            algorithm_id,
            b"\xa0" + attributes[1:],
            tlv(0x30, oid("1.2.840.10045.4.3.2")),
            tlv(4, sign(signer.key, attributes)),
        )
        certificates = (set_of(*embed, tag=0xA0),) if embed else ()
        signed = tlv(
            0x30,
            number(3),
            set_of(algorithm_id),
            tlv(0x30, oid("1.2.840.113549.1.9.16.1.4"), tlv(0xA0, tlv(4, info))),
            *certificates,
            tlv(0x31, *([info_of_signer] * signatures)),
        )
        token = tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xA0, signed))
        return tlv(0x30, tlv(0x30, number(status)), token)


def timestamp_signer(
    by: Authority,
    name: str = "tsa",
    *,
    purposes: Sequence[ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,),
    critical_purpose: bool = True,
    not_before: dt.datetime = dt.datetime(2025, 6, 1, tzinfo=dt.UTC),
    not_after: dt.datetime = dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
    serial: int | None = None,
) -> Leaf:
    """A certificate that signs times."""
    key = make_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(a_name(f"{name} signer"))
        .issuer_name(a_name(by.name))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=critical_purpose)
    )
    return Leaf(key, builder.sign(by.key, hash_of(by.key)))


# -- the whole -------------------------------------------------------------------------------------


@dataclass
class Sigstore:
    """One deployment: a certificate authority, both generations of logs, timestamps."""

    at: dt.datetime = NOON
    since: dt.datetime = dt.datetime(2025, 7, 1, tzinfo=dt.UTC)

    def __post_init__(self) -> None:
        self.anchor = an_authority("acme root", path_length=1)
        self.intermediate = an_authority(
            "acme intermediate",
            by=self.anchor,
            path_length=0,
            purpose=ExtendedKeyUsageOID.CODE_SIGNING,
        )
        self.certificate_log = CertificateLog()
        self.first_log = FirstLog()
        self.second_log = SecondLog()
        self.timestamps = TimestampAuthority.make()

    # -- the root --------------------------------------------------------------------------------

    def root(self) -> Json:
        """The trusted root as JSON that a story may change."""
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self.log_record(self.first_log), self.log_record(self.second_log)],
            "certificateAuthorities": [
                self.authority_record(self.intermediate.der, self.anchor.der)
            ],
            "ctlogs": [self.log_record(self.certificate_log)],
            "timestampAuthorities": [
                self.authority_record(self.timestamps.signer.der, self.timestamps.anchor.der)
            ],
        }

    def trusted_root(self, **changes: Any) -> bytes:
        """The bytes of the trusted root; ``changes`` replace members, ``None`` removes them."""
        document = {**self.root(), **changes}
        return encode({name: value for name, value in document.items() if value is not None})

    def log_record(self, log: Any, **window: str) -> Json:
        """One log of the root."""
        details = {
            ed25519.Ed25519PrivateKey: "PKIX_ED25519",
        }.get(type(log.key), "PKIX_ECDSA_P256_SHA_256")
        if isinstance(log.key, ed25519.Ed25519PrivateKey):
            details = "PKIX_ED25519"
        record: Json = {
            "baseUrl": log.url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": b64(spki(log.key)),
                "keyDetails": details,
                "validFor": {"start": instant(self.since), **window},
            },
            "logId": {"keyId": b64(log.log_id)},
        }
        if log.operator is not None:
            record["operator"] = log.operator
        return record

    def authority_record(self, *certificates: bytes, **window: str) -> Json:
        """One authority of the root."""
        return {
            "subject": {"organization": "acme.test", "commonName": "acme"},
            "uri": "https://fulcio.test",
            "certChain": {"certificates": [{"rawBytes": b64(der)} for der in certificates]},
            "validFor": {"start": instant(self.since), **window},
        }

    # -- signers ---------------------------------------------------------------------------------

    def leaf(
        self,
        *,
        key: str | PrivateKey = "p256",
        identity: str = IDENTITY,
        issuer: str | None = ISSUER,
        by: Authority | None = None,
        not_before: dt.datetime | None = None,
        not_after: dt.datetime | None = None,
        usage: bool | None = True,
        purposes: Sequence[ObjectIdentifier] | None = (ExtendedKeyUsageOID.CODE_SIGNING,),
        is_authority: bool | None = None,
        critical: ObjectIdentifier | None = None,
        extensions: Mapping[int, str] = {},
        promised_by: Sequence[CertificateLog] | None = None,
        promised_at: dt.datetime | None = None,
        promise: Callable[[bytes], bytes] = lambda sct: sct,
        promised_for: Callable[[bytes], bytes] = lambda tbs: tbs,
        promise_extensions: bytes = b"",
    ) -> Leaf:
        """A signer with a certificate.

        ``extensions`` are those of Fulcio from 8 on, by number; ``promised_by`` are the logs of
        certificates whose promises are embedded; ``promise`` changes each promise after it is
        signed, ``promised_for`` what it is signed over.
        """
        by = by or self.intermediate
        private = make_key(key) if isinstance(key, str) else key
        not_before = not_before or self.at - dt.timedelta(minutes=1)
        name: x509.GeneralName = (
            x509.RFC822Name(identity)
            if "@" in identity and ":" not in identity
            else x509.UniformResourceIdentifier(identity)
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(a_name(by.name))
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after or not_before + dt.timedelta(minutes=10))
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        )
        if usage is not None:
            builder = builder.add_extension(
                _usage(digital_signature=usage, key_encipherment=not usage), critical=True
            )
        if purposes is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=False)
        if is_authority is not None:
            builder = builder.add_extension(
                x509.BasicConstraints(ca=is_authority, path_length=None), critical=True
            )
        if issuer is not None:
            builder = builder.add_extension(_fulcio(1, issuer.encode()), critical=False)
            builder = builder.add_extension(_fulcio(8, tlv(12, issuer.encode())), critical=False)
        for number_, text in extensions.items():
            builder = builder.add_extension(
                _fulcio(number_, tlv(12, text.encode())), critical=False
            )
        if critical is not None:
            builder = builder.add_extension(
                x509.UnrecognizedExtension(critical, b"\x05\x00"), critical=True
            )
        logs = (self.certificate_log,) if promised_by is None else promised_by
        if logs:
            tbs = promised_for(builder.sign(by.key, hash_of(by.key)).tbs_certificate_bytes)
            promises = b"".join(
                _vector(
                    promise(
                        log.promise(tbs, by, promised_at or self.at, extensions=promise_extensions)
                    )
                )
                for log in logs
            )
            builder = builder.add_extension(
                x509.UnrecognizedExtension(_SCTS, tlv(4, _vector(promises))), critical=False
            )
        return Leaf(private, builder.sign(by.key, hash_of(by.key)))

    # -- bundles ---------------------------------------------------------------------------------

    def sign_statement(
        self, statement: bytes, *, payload_type: str = STATEMENT_TYPE, **knobs: Any
    ) -> Json:
        """A bundle with an envelope; see :meth:`bundle` for the knobs."""
        return self.bundle(_Envelope(payload_type, statement), **knobs)

    def sign_artifact(self, artifact: bytes, **knobs: Any) -> Json:
        """A bundle with a signature over an artifact; see :meth:`bundle` for the knobs."""
        return self.bundle(_Message(artifact), **knobs)

    def bundle(
        self,
        content: "_Envelope | _Message",
        *,
        leaf: Leaf | None = None,
        managed: PrivateKey = None,
        version: str = "0.3",
        entries: Sequence[str] = ("default",),
        log: FirstLog | SecondLog | None = None,
        body: Callable[[Json], Json] = lambda body: body,
        entry: Mapping[str, Any] = {},
        integrated: dt.datetime | None = None,
        promise: bool = True,
        stamps: int | None = None,
        stamped_at: dt.datetime | None = None,
        stamp_over: bytes | None = None,
        stamper: TimestampAuthority | None = None,
        stamp: Mapping[str, Any] = {},
    ) -> Json:
        """Sign ``content``, log it and have it timestamped.

        Args:
            content: what is signed.
            leaf: the signer; a fresh one by default.
            managed: sign with this key instead, and no certificate.
            version: the version of the bundle.
            entries: kinds of log entries: ``hashedrekord``, ``dsse``, ``intoto``,
                ``hashedrekord-v2``, ``dsse-v2``; ``default`` is what goes with the content.
            log: log there instead of in the deployment's own log.
            body: changes the body of each entry before it is logged.
            entry: further arguments of the log.
            integrated: when the log takes it in.
            promise: whether the log of the first generation promises and so signs a time.
            stamps: how many timestamps; one with the second generation or without entries.
            stamped_at, stamp_over, stamper, stamp: when, over what, by whom, and further arguments.

        """
        if managed is None:
            leaf = leaf or self.leaf()
            key, verifier = leaf.key, leaf.pem
        else:
            key, verifier = managed, pem(managed)
        signature = sign(key, content.signed)
        written = [
            self._entry(
                content.default if kind == "default" else kind,
                content,
                signature,
                leaf,
                verifier,
                body=body,
                log=log,
                at=(integrated or self.at) if promise else None,
                knobs=entry,
            )
            for kind in entries
        ]
        second = any(kind.endswith("-v2") for kind in entries)
        count = stamps if stamps is not None else int(second or not entries)
        material: Json = {}
        if managed is not None:
            material["publicKey"] = {"hint": b64(hashlib.sha256(spki(managed)).digest())}
        elif version == "0.3":
            assert leaf is not None
            material["certificate"] = {"rawBytes": b64(leaf.der)}
        else:
            assert leaf is not None
            material["x509CertificateChain"] = {"certificates": [{"rawBytes": b64(leaf.der)}]}
        if written:
            material["tlogEntries"] = written
        if count:
            authority = stamper or self.timestamps
            material["timestampVerificationData"] = {
                "rfc3161Timestamps": [
                    {
                        "signedTimestamp": b64(
                            authority.stamp(
                                stamp_over if stamp_over is not None else signature,
                                (stamped_at or self.at) + dt.timedelta(seconds=number_),
                                **stamp,
                            )
                        )
                    }
                    for number_ in range(count)
                ]
            }
        media_type = (
            "application/vnd.dev.sigstore.bundle.v0.3+json"
            if version == "0.3"
            else f"application/vnd.dev.sigstore.bundle+json;version={version}"
        )
        return {
            "mediaType": media_type,
            "verificationMaterial": material,
            **content.written(signature),
        }

    def _entry(
        self,
        kind: str,
        content: "_Envelope | _Message",
        signature: bytes,
        leaf: Leaf | None,
        verifier: bytes,
        *,
        body: Callable[[Json], Json],
        log: FirstLog | SecondLog | None,
        at: dt.datetime | None,
        knobs: Mapping[str, Any],
    ) -> Json:
        if kind.endswith("-v2"):
            chosen = log or self.second_log
            assert isinstance(chosen, SecondLog)
            der = verifier_v2(leaf, verifier)
            return chosen.entry(body(_second(kind, content, signature, der)), **knobs)
        first = log or self.first_log
        assert isinstance(first, FirstLog)
        return first.entry(body(_first(kind, content, signature, verifier)), at=at, **knobs)


def verifier_v2(leaf: Leaf | None, verifier: bytes) -> Json:
    """The verifier of an entry of the second generation."""
    if leaf is not None:
        return {"x509Certificate": {"rawBytes": b64(leaf.der)}, "keyDetails": "ignored"}
    key = serialization.load_pem_public_key(verifier)
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {"publicKey": {"rawBytes": b64(der)}, "keyDetails": "ignored"}


@dataclass
class _Envelope:
    payload_type: str
    payload: bytes
    default: str = "dsse"

    @property
    def signed(self) -> bytes:
        return pae(self.payload_type, self.payload)

    def written(self, signature: bytes) -> Json:
        return {
            "dsseEnvelope": {
                "payload": b64(self.payload),
                "payloadType": self.payload_type,
                "signatures": [{"sig": b64(signature)}],
            }
        }


@dataclass
class _Message:
    artifact: bytes
    default: str = "hashedrekord"

    @property
    def signed(self) -> bytes:
        return self.artifact

    def written(self, signature: bytes) -> Json:
        digest = hashlib.sha256(self.artifact).digest()
        return {
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest)},
                "signature": b64(signature),
            }
        }


def _fulcio(number_: int, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(ObjectIdentifier(f"{_FULCIO}.{number_}"), value)


def _sha256(data: bytes) -> Json:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def _first(kind: str, content: _Envelope | _Message, signature: bytes, verifier: bytes) -> Json:
    signed = content.payload if isinstance(content, _Envelope) else content.artifact
    match kind:
        case "hashedrekord":
            spec: Json = {
                "data": {"hash": _sha256(signed)},
                "signature": {
                    "content": b64(signature),
                    "publicKey": {"content": b64(verifier)},
                },
            }
            return {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}
        case "dsse":
            spec = {
                "envelopeHash": _sha256(b"unknown to verifiers"),
                "payloadHash": _sha256(signed),
                "signatures": [{"signature": b64(signature), "verifier": b64(verifier)}],
            }
            return {"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}
        case _:
            payload_type = content.payload_type if isinstance(content, _Envelope) else ""
            spec = {
                "content": {
                    "envelope": {
                        "payloadType": payload_type,
                        "signatures": [
                            {
                                "publicKey": b64(verifier),
                                "sig": b64(b64(signature).encode()),
                            }
                        ],
                    },
                    "hash": _sha256(b"unknown to verifiers"),
                    "payloadHash": _sha256(signed),
                }
            }
            return {"apiVersion": "0.0.2", "kind": "intoto", "spec": spec}


def _second(kind: str, content: _Envelope | _Message, signature: bytes, verifier: Json) -> Json:
    if kind == "dsse-v2":
        assert isinstance(content, _Envelope)
        payload = {
            "algorithm": "SHA2_256",
            "digest": b64(hashlib.sha256(content.payload).digest()),
        }
        spec = {
            "dsseV002": {
                "payloadHash": payload,
                "signatures": [{"content": b64(signature), "verifier": verifier}],
            }
        }
        return {"apiVersion": "0.0.2", "kind": "dsse", "spec": spec}
    data = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(content.signed).digest())}
    spec = {
        "hashedRekordV002": {
            "data": data,
            "signature": {"content": b64(signature), "verifier": verifier},
        }
    }
    return {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec}
