package main

// The usage of each command says what the command is for, what it reads and what it
// writes.

const usage = "usage: modelgate check | keys | apikey | decide | routes | help\n\n" +
	checkUsage + "\n" + keysUsage + "\n" + apikeyUsage + "\n" + decideUsage + "\n" + routesUsage + "\n" + statusUsage

const checkUsage = `modelgate check [--mesh FILE] CONFIG...
    Does a configuration compile? Prints every error, one on a line:
      FILE: "/json/pointer": what must be there; got what was found
    and "FILE: ok" on standard output for a configuration without errors.
    Prints a warning where a configuration that compiles may not mean what its
    author thinks. With --mesh it also prints a warning for each way past the
    gate that Istio leaves open; FILE is the output of
      kubectl get services,pods,peerauthentications -o json
    for the namespace of the models. Exit status 1: there is an error.
`

const keysUsage = `modelgate keys [--algorithms LIST] [--svid] FILE...
    Which published keys can verify tokens? FILE is a JWK Set, a JWK, a public key
    or a certificate in PEM, or a JSON object of those by kid, as IAP and Firebase
    publish it. Prints for each key its kid, and the algorithms that it serves or
    the reason why it serves none. LIST has the issuer's "algorithms", separated by
    commas. The default has one for each type of key:
    RS256,ES256,ES384,ES512,EdDSA. With --svid the issuer makes JWT-SVIDs: keys with
    the use jwt-svid serve it. Exit status 1: a document would be refused.
`

const apikeyUsage = `modelgate apikey --subject NAME [--email ADDRESS] [--groups LIST]
                 [--not-before TIME] [--until TIME] [--prefix PREFIX] [--stdin]
    Makes an API key. Prints the key, which nobody can find out again, and on the
    next line its entry for "apiKeys" in a configuration or a published list. The
    key is PREFIX (mg_), 43 random letters and digits, and a checksum in 6. With
    --stdin it reads a key that exists, and prints its entry only. LIST has the
    groups, separated by commas.
`

const decideUsage = `modelgate decide --config FILE [--now TIME] [--keys ISSUER=FILE]...
    What would the filter do? Reads requests from standard input, one JSON object
    on a line, in which every field is optional:
      {"method", "path", "authority",
       "headers": [["name", "value"], ...], "trailers": [["name", "value"], ...],
       "body": "base64",
       "peer": {"uri": "spiffe://...", "validated": true, "digest": "SHA-256, hex",
                "subject": "CN=...", "certificate": "PEM, for its DNS names"}}
    and writes one JSON object on a line for each:
      allow      true: the request is forwarded, or the gate answers with a list
      shadow     true: it is forwarded only because the rule is in shadow
      status     the HTTP status of the reason; 200 where nothing refuses
      grpc       the gRPC status of the reason; 0 where nothing refuses
      reason     "allowed", "exempt", or why the request is refused
      issuer     of a token that is refused although its signature holds, and the
      claim      at fault, as a JSON Pointer; left out for others
      part       of a request's signature, that is at fault; left out if none is
      principal  "ISSUER/SUBJECT" of the caller; "" is anonymous
      signed_by  the keyid of a good signature of the request; left out if none is there
      verb       such as "predict"; "" if the request was refused before
      models     such as ["prod/fraud"]
      rule       the name of the grant or deny that decided
      authority  where the request is forwarded to; "" if it is not
      path       the path that it is forwarded with; "" if it is not
      removed    the headers that it is forwarded without; left out if there are none
      challenge  WWW-Authenticate of a refusal; left out if there is none
      list       of models, if the gate itself answers with one
    For a line that is not such an object it writes {"error"}, and the exit status
    is 1. TIME is an RFC 3339 time such as 2030-01-31T12:00:00Z; the default is the
    clock. Keys are never fetched: --keys gives the keys of an issuer that
    publishes them. A nonce counts once in all the input.
`

const routesUsage = `modelgate routes --config FILE --gateway NAMESPACE/NAME [--to HOST]
    Which routes does Istio need? Reads services from standard input, one
    NAMESPACE/SERVICE on a line, and writes an Istio VirtualService for each host
    to which the gate forwards requests for them. The VirtualService leads to HOST,
    such as knative-local-gateway.istio-system.svc.cluster.local, or to the host
    itself. Exit status 1: the gate forwards nothing to one of the services.
`

const statusUsage = `Symmetric keys are read from environment variables, as in the filter.
Exit status: 0 no errors, 1 something is wrong with the input, 2 wrong usage.
`
