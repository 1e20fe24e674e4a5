// Package gate decides one request at a time: who calls, what for, whether they may, and
// where the request is sent. It is pure: headers, bodies, keys and the time come in as
// data, and a Step says what the host must do next. The same code answers in Envoy, in a
// test and at a terminal.
//
// # One request
//
// A request passes these functions in this order. (A test checks that each exists.)
//
//	1   driver     Stream.RequestHeaders            reads all headers in one host call
//	2   gate       Exchange.Begin                   begins, with the memory of a former request
//	3   gate       head.parse                       reads each header once, and marks those unsafe to forward
//	4   gate       Gate.findExemption               lets health checks pass
//	5   gate       Exchange.evaluate                gets a decision, and turns it into a Step
//	6   gate       Exchange.decide                  asks who calls, what for, and whether they may:
//	7   authn      Authenticator.Authenticate       who: looks into each header that may carry a token
//	8   authn      extractor.extract                who: finds the token
//	9   authn      Cache.lookup                     who: finds that the token has been verified before, or
//	10  authn      token.parse                      who: checks its form
//	11  authn      Key.verifySignature              who: verifies its signature with the key of its issuer
//	12  authn      Issuer.checkClaims               who: checks its times and its audience
//	13  authn      Issuer.fillPrincipal             who: reads its claims
//	14  gate       Cache.recall                     finds that the caller was allowed the same before, or
//	15  gate       Exchange.matchRoute              what: finds the route in the cache, or
//	16  inference  Routes.Match                     what: cuts host and path apart
//	17  inference  server.match                     what: reads them by the protocol of a route
//	18  inference  Match.finish                     what: checks that the host means the same, and "serves"
//	19  gate       Gate.authorizeHead               may: asks the policy
//	20  authz      Policy.Decide                    may: looks for a deny, then for a grant
//	21  gate       Exchange.editHead                removes the credentials and identities that the client sent
//	22  gate       Exchange.appendForwardHeaders    writes the verified identity and the destination
//	23  gate       Exchange.remember                fills the cache for the next such request
//	24  driver     Stream.perform                   does what the Step says
//
// Keys. If the issuer's keys are not there, decide returns without an answer to who, and
// the Step is AwaitKeys:
//
//	1   driver     Stream.waitForKey                parks the request
//	2   keys       Refresher.Wait                   has the keys fetched, unless they just were
//	3   driver     Stream.Wake                      runs when the keys are there, or cannot be fetched
//	4   gate       Exchange.Resume                  evaluates the request from the beginning
//
// Activator. If the configuration has "activator", evaluate asks first for the request's host:
//
//	1   gate       Exchange.takeOriginalHost        takes the host that Knative's activator names
//	2   authn      Authenticator.IsHolder           knows the activator by its certificate
//
// Body. If the body says what the request is for, authorizeHead asks only whether anything
// may be granted, and the Step is Hold:
//
//	1   gate       Exchange.holdBody                checks how the body is encoded
//	2   driver     Stream.RequestBody               reads the bytes that arrive
//	3   gate       Exchange.Body                    scans them, as JSON, a form or messages of gRPC
//	4   inference  Match.Complete                   finds the model in what is scanned
//	5   gate       Exchange.authorizeMessage        asks the policy, for each message
//	6   driver     Stream.forwardReleased           forwards the bytes that the gate releases
//	7   gate       Exchange.Trailers                refuses credentials and identities among the trailers
//
// Signature. If the request is signed, decide asks after who whether it is what its caller
// has sent:
//
//	1   gate       Exchange.checkSignatures         finds the keys, and checks each of the signatures:
//	2   signature  Parse                            reads Signature-Input and Signature
//	3   signature  Signature.Covers                 refuses one that leaves out what it must cover
//	4   signature  Signature.CheckTimes             compares its times with the clock
//	5   signature  Signature.Verify                 builds its base, and verifies it with the key
//	6   signature  ParseDigest                      reads what the body must be
//	7   replay     Admit                            refuses a nonce that has come before
//	8   gate       Exchange.checkContent            compares the body, and holds back its end
//
// Reply. If the request lists models, its reply is trimmed to those that the caller may use:
//
//	1   driver     Stream.ResponseHeaders           reads the headers of the reply
//	2   gate       Exchange.Respond                 withholds a reply that cannot be trimmed
//	3   driver     Stream.ResponseBody              reads the reply
//	4   gate       Exchange.Body                    collects it
//	5   inference  Match.Trim                       removes the models that the caller may not use
//
// Narrowing. If the host has a narrowing for the proxy's route, the route is known once the head
// is edited, and before it goes on:
//
//	1   driver     Stream.Narrow                    is called between the edits and the head's way on
//	2   gate       Gate.Narrowing                   compiles it beside the configuration, once
//	3   gate       Exchange.Narrow                  asks it about what has passed so far
//	4   gate       Exchange.narrowMessage           asks it about each message that follows
//
// Refusal. Any step can refuse the request:
//
//	1   gate       Exchange.refuse                  makes the Step
//	2   gate       newReply                         makes the answer to the client
//	3   gate       Exchange.findCause               looks once more, for what is at fault
//	4   gate       Exchange.auditLine               makes the line in the log
package gate
