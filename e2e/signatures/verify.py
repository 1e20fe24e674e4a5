"""Says which signed requests the library http-message-signatures takes, and signs others.

Requests come on standard input, one a line, as JSON: method, url, headers (pairs), body,
algorithm and label. A response has its status too, and the request that it answers. Names
and values are bytes, written as Latin-1. For each, the answer is one line: "ok", or what was
refused. A request with components and keyid is signed instead: the answer is "ok",
Signature-Input and Signature, with tabs between them.

    python verify.py DIRECTORY-OF-KEYS
"""

import base64
import json
import pathlib
import sys
import warnings

import http_sf
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver, algorithms
from http_message_signatures.digests import ContentDigest

directory = pathlib.Path(sys.argv[1])
private = {p.stem: load_pem_private_key(p.read_bytes(), None) for p in directory.glob("*.pem")}
public = {name: key.public_key() for name, key in private.items()}
secret = {"test-shared-secret": base64.b64decode((directory / "test-shared-secret.txt").read_text())}
resolver = MappingKeyResolver(public_keys=public | secret, private_keys=private | secret)
known = {a.algorithm_id: a for a in vars(algorithms).values() if hasattr(a, "algorithm_id")}


class Verifier(HTTPMessageVerifier):
    require_created = False
    allow_label_only_selection = True


class Headers:
    def __init__(self, pairs):
        self.pairs = pairs

    def items(self):
        return self.pairs

    def __iter__(self):
        return (name for name, _ in self.pairs)

    def __contains__(self, name):
        return name in list(self)

    def __setitem__(self, name, value):
        self.pairs.append((name, value))

    def __delitem__(self, name):
        self.pairs = [pair for pair in self.pairs if pair[0] != name]


class Request:
    def __init__(self, r):
        self.method, self.url, self.headers = r["method"], r["url"], Headers(r["headers"])


class Response:
    def __init__(self, r):
        self.status_code, self.headers, self.request = r["status"], Headers(r["headers"]), Request(r["request"])


def verify(r):
    message = Response(r) if "status" in r else Request(r)
    verifier = Verifier(signature_algorithm=known[r["algorithm"]], key_resolver=resolver)
    verifier.verify(message, max_age=None, expect_label=r["label"])
    digests = [v.strip(" \t") for n, v in message.headers.pairs if n == "content-digest"]
    if digests:
        check(", ".join(digests), r["body"].encode("latin-1"))


def sign(r):
    message = Request(r)
    HTTPMessageSigner(signature_algorithm=known[r["algorithm"]], key_resolver=resolver).sign(
        message, key_id=r["keyid"], label=r["label"], covered_component_ids=r["components"], nonce="a \"nonce\"", tag="t",
        use_existing_digest="content-digest" in message.headers)
    return [value for name, value in message.headers.pairs if name in ("Signature-Input", "Signature")]


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
        request = json.loads(line)
        if "components" in request:
            print("ok", *sign(request), sep="\t")
        else:
            verify(request)
            print("ok")
    except Exception as e:
        print("refused", type(e).__name__, str(e).replace("\n", " "))
