"""Says which signed requests the library http-message-signatures takes.

Requests come on standard input, one a line, as JSON: method, url, headers (pairs), body,
algorithm, label and keyid. Names and values are bytes, written as Latin-1. For each, the answer is one
line: "ok", or what was refused.

    python verify.py DIRECTORY-OF-KEYS
"""

import base64
import json
import pathlib
import sys
import warnings

import http_sf
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms
from http_message_signatures.digests import ContentDigest

directory = pathlib.Path(sys.argv[1])
keys = {p.stem: load_pem_private_key(p.read_bytes(), None).public_key() for p in directory.glob("*.pem")}
keys["test-shared-secret"] = base64.b64decode((directory / "test-shared-secret.txt").read_text())
resolver = MappingKeyResolver(public_keys=keys, private_keys={})
known = {a.algorithm_id: a for a in vars(algorithms).values() if hasattr(a, "algorithm_id")}


class Verifier(HTTPMessageVerifier):
    require_created = False
    allow_label_only_selection = True


class Headers:
    def __init__(self, pairs):
        self.pairs = pairs

    def items(self):
        return self.pairs


class Request:
    def __init__(self, r):
        self.method, self.url, self.headers = r["method"], r["url"], Headers(r["headers"])


def verify(r):
    if not all(ord(c) < 256 for c in r["url"]):
        raise ValueError("url")
    message = Request(r)
    verifier = Verifier(signature_algorithm=known[r["algorithm"]], key_resolver=resolver)
    verifier.verify(message, max_age=None, expect_label=r["label"])
    digests = [v.strip(" \t") for n, v in message.headers.pairs if n == "content-digest"]
    if digests:
        check(", ".join(digests), r["body"].encode("latin-1"))


def check(digests, body):
    """The library refuses algorithms that it does not know; they are passed over here."""
    members = http_sf.parse(digests.encode("latin-1"), tltype="dictionary", on_duplicate_key=refuse)
    known = [name for name in members if name in ("sha-256", "sha-512")]
    if not known:
        raise ValueError("no known digest")
    for name in known:
        ContentDigest.verify(http_sf.ser(members[name]), body, key=name)


def refuse(key, context):
    raise ValueError(f"{key} occurs twice")


warnings.simplefilter("ignore")  # a label alone selects the signature
for line in sys.stdin:
    try:
        verify(json.loads(line))
        print("ok")
    except Exception as e:
        print("refused", type(e).__name__, str(e).replace("\n", " "))
