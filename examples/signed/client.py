"""A client that signs its requests with HTTP Message Signatures (RFC 9421).

It signs the method, the host, the path, the query and the digest of the body with the
library http-message-signatures and an ECDSA key on P-256. It prints the body of the
answer, and its status. With --answers, the answer must be signed too: by the gate's key, over
its status and body, and as the answer to this very request.

    python client.py --keyid ana-phone --key key.pem --token token.jwt --data body.json --answers gate.pem URL
"""

import argparse
import secrets
import urllib.error
import urllib.request
from pathlib import Path

from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver, algorithms


class Request:
    """What the library signs."""

    def __init__(self, method, url, headers):
        self.method, self.url, self.headers = method, url, headers


class Answer:
    """What the library verifies."""

    def __init__(self, status, headers, request):
        self.status_code, self.headers, self.request = status, headers, request


def sign(request, body, keyid, key):
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ECDSA_P256_SHA256,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={keyid: key}))
    signer.sign(
        request, key_id=keyid, label="sig1", nonce=secrets.token_urlsafe(16), body=body,
        covered_component_ids=("@method", "@authority", "@path", "@query"))  # and content-digest


def verify(answer, body, key):
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={"gate": key}, private_keys={}))
    verifier.verify(answer, body=body, require_components=(
        "@status", '"@method";req', '"@authority";req', '"@path";req', '"@query";req', '"signature";req;key="sig1"'))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--keyid", default="ana-phone")
    parser.add_argument("--key", type=Path, required=True, help="the key, as PEM of PKCS #8")
    parser.add_argument("--token", type=Path, help="file with the bearer token")
    parser.add_argument("--data", type=Path, help="file with the body; without it, the request is a GET")
    parser.add_argument("--answers", type=Path, help="the gate's public key (Ed25519), as PEM")
    args = parser.parse_args()

    body, headers = None, {}
    if args.data:
        body, headers["Content-Type"] = args.data.read_bytes(), "application/json"
    if args.token:
        headers["Authorization"] = "Bearer " + args.token.read_text().strip()
    request = Request("POST" if args.data else "GET", args.url, headers)
    sign(request, body, args.keyid, args.key.read_bytes())
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(request.url, method=request.method, headers=request.headers, data=body))
    except urllib.error.HTTPError as refusal:
        answer = refusal
    content = answer.read()
    if args.answers:
        verify(Answer(answer.status, answer.headers, request), content, args.answers.read_bytes())
    print(content.decode(), answer.status, sep="")


if __name__ == "__main__":
    main()
