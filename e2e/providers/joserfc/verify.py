"""Verifies tokens with joserfc.

The first line of standard input says what is expected: {"issuer", "algorithms", "keys": a JWKS}.
Each further line is {"token", "audience": "" for any, "nameless": it has no "sub"}, and gets a
line: 1 if the token is good, else 0.
"""

import json
import sys
import warnings

from joserfc import jwt
from joserfc.jwk import KeySet

warnings.simplefilter("ignore")


def good(token, audience, nameless, keys, expected):
    # Decoding alone takes a token that has expired.
    claims = jwt.JWTClaimsRegistry(
        sub={"essential": not nameless},
        exp={"essential": True},
    )
    if expected["issuer"]:
        claims.options["iss"] = {"essential": True, "value": expected["issuer"]}
    if audience:
        claims.options["aud"] = {"essential": True, "value": audience}
    try:
        claims.validate(jwt.decode(token, keys, algorithms=expected["algorithms"]).claims)
        return True
    except Exception:  # whatever it is: the token is not good
        return False


expected = json.loads(sys.stdin.readline())
keys = KeySet.import_key_set(expected["keys"])
for line in sys.stdin:
    one = json.loads(line)
    print(int(good(one["token"], one["audience"], one["nameless"], keys, expected)), flush=True)
