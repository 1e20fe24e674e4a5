#!/usr/bin/env python3
"""A client that knows only the URL of a model, and learns the rest from the answers.

It asks without a token, finds the metadata of the resource in the challenge (RFC 9728), and
gets a token with the scope that the next challenge names (RFC 6750). Where a real client
would send its user to the authorization server, this one reads a token from a file.

    client.py GATE URL --token openid=FILE --token models.predict=FILE

GATE is the address to connect to, in the place of the URL's host. Only Python's own library
is used.
"""

import argparse
import http.client
import json
import re
import sys
from urllib.parse import urlsplit


def ask(gate, method, url, body=None, token=None):
    """Sends a request for the URL to the gate; returns status, headers and body."""
    target = urlsplit(url)
    headers = {"host": target.netloc}
    if token:
        headers["authorization"] = "Bearer " + token
    if body:
        headers["content-type"] = "application/json"
    connection = http.client.HTTPConnection(gate, timeout=10)
    connection.request(method, target.path or "/", body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers, text


def challenge(headers):
    """Returns the parameters of a Bearer challenge."""
    value = headers.get("www-authenticate", "")
    if not value.lower().startswith("bearer "):
        sys.exit("no challenge of OAuth 2: " + value)
    return dict(re.findall(r'([a-z_]+)="([^"]*)"', value))


def metadata(gate, url, resource):
    """Reads the metadata of the resource, and believes it only of this resource."""
    status, _, text = ask(gate, "GET", url)
    found = json.loads(text)
    if status != 200 or found["resource"] != resource:
        sys.exit(f"{url} is not the metadata of {resource} (RFC 9728 section 3.3)")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("gate")
    parser.add_argument("url")
    parser.add_argument("--token", action="append", required=True, metavar="SCOPE=FILE")
    args = parser.parse_args()
    tokens = dict(t.split("=", 1) for t in args.token)
    body = json.dumps({"instances": [[6.8, 2.8, 4.8, 1.4]]})

    status, headers, _ = ask(args.gate, "POST", args.url, body)
    where = challenge(headers).get("resource_metadata")
    print(f"{status} without a token; the metadata is at {where}")
    resource = "{0.scheme}://{0.netloc}".format(urlsplit(args.url))
    found = metadata(args.gate, where, resource)
    print("tokens are from " + found["authorization_servers"][0])

    scope = next(iter(tokens))
    for _ in range(2):  # as few as possible first, and then what is asked for
        with open(tokens[scope], encoding="ascii") as file:
            status, headers, text = ask(args.gate, "POST", args.url, body, file.read().strip())
        if status not in (401, 403):
            print(f"{status} with the scope {scope}")
            return
        why = challenge(headers)
        needed = why.get("scope", "more than a scope")
        print(f"{status} with the scope {scope}: {why.get('error')}, {why.get('error_description')}, needs {needed}")
        scope = needed
        if scope not in tokens:
            sys.exit("there is no token with that scope")
    sys.exit(text)


if __name__ == "__main__":
    main()
