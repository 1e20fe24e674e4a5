// Package reason is the closed set of the gate's answers. Its one table gives each
// the HTTP and gRPC status, the metric, the log field, the response-code detail and
// the expected line of a test, so that these cannot disagree. The package does not
// know how an answer is found.
package reason

// Reason is why a request was refused, or that it was allowed. The zero value is
// Internal: a decision that nobody made is a refusal.
type Reason uint8

const (
	// Internal is a fault of the gate itself, such as a panic or a failed host call.
	Internal Reason = iota
	// NotReady means that the plugin did not start on this worker, although the
	// configuration had been accepted before. The worker refuses every request.
	NotReady

	HeaderRepeated     // a header that may occur once occurs twice, or has two values joined by a comma
	HeadersTooMany     // more headers than any request needs
	HostMissing        // no authority
	HostInvalid        // an authority that is not host[:port], or names no component of a service
	ConnectionHeader   // a Connection header that makes later hops drop a header
	UpgradeRefused     // CONNECT, and an upgrade that the route does not allow
	GRPCWeb            // gRPC-Web, which a filter in front of the gate must make gRPC
	TrailerForbidden   // a credential or an identity header among the trailers
	PathInvalid        // a path that is not canonical; it is never repaired
	ModelInvalid       // a namespace or service that is not a DNS-1123 label
	ModelMissing       // no model is named, and the configuration has no default
	BodyType           // a body with another media type than that of the protocol
	BodyEncoded        // a compressed body, or a compressed message in it
	BodyInvalid        // a body that does not name its model in exactly one way
	BodyKeyRefused     // a key of a body that may choose a model, a server or a stored object, and that the route does not allow
	BodyTooLarge       // a message longer than any server takes
	IdentityConflict   // two parts of the request name different models
	QueryRefused       // a query that may mean more to a server than to the gate
	QueryToken         // an access token in the query (RFC 6750 section 2.3), which the gate does not accept
	CredentialRepeated // two credentials from one source
	CredentialMixed    // one header carrying two schemes
	CertificateInvalid // a trusted proxy names the client's certificate in a header that cannot be read

	CredentialMissing  // the caller is anonymous, and anonymous callers may not do this
	SchemeUnsupported  // a credential of a scheme no issuer uses
	TokenMalformed     // not a compact JWS of RFC 7515 section 7.1
	TokenTooLarge      // longer than authn.MaxTokenBytes
	TokenType          // typ or cty differs from that of the issuer's tokens
	TokenCritical      // crit or b64 (RFC 7515 section 4.1.11, RFC 7797): no extension is supported
	TokenAlgorithm     // alg is not one of the issuer's configured algorithms
	KeyUnknown         // no key of the issuer fits kid and alg
	APIKeyUnknown      // no issuer of this header has this API key
	SignatureInvalid   // the signature does not verify
	SignatureRemoved   // Cloud Run has replaced the signature before forwarding the token
	IssuerUnknown      // iss is not an issuer whose tokens are read from this header
	AudienceWrong      // aud lacks the configured audience
	TokenExpired       // exp has passed
	TokenNotYetValid   // nbf or iat is in the future
	TokenLifetime      // exp - iat exceeds the issuer's maximum
	ClaimsInvalid      // a registered claim is missing or of the wrong type
	TokenBinding       // the token is bound to another client certificate (RFC 8705)
	CertificateMissing // the issuer's tokens count only beside a client certificate that is a principal

	RequestSignatureMissing     // the issuer, or each grant that covers the call, asks for a signature of the request (RFC 9421)
	RequestSignatureMalformed   // no structured fields, or a component or parameter that the gate does not read
	RequestSignatureUncovered   // it leaves out what the configuration says that it must cover
	RequestSignatureInvalid     // it does not verify, or no key, label or tag of the configuration is its
	RequestSignatureExpired     // expires has passed, or created is too long ago
	RequestSignatureNotYetValid // created is in the future
	RequestSignatureReplayed    // its nonce has come before
	RequestSignatureCaller      // its key signs for other callers
	DigestMismatch              // the body has another digest than Content-Digest (RFC 9530), which is signed

	NoncesFull      // so many signed requests came that the nonce of one more cannot be remembered
	KeysUnavailable // the issuer's keys, or this one, could not be looked up in time

	Overloaded // too much waits already: see gate.Waiting

	GrantMissing // no grant covers the caller, the verb and the model
	Denied       // a deny covers them

	OriginRefused // a browser asks for a page whose origin is not the host's own, and "cors" does not list it

	PathUnknown     // no route knows this method and path
	ModelUnreadable // a file, a stored object, a list or a stream says for which model it is, and the gate does not read it
	NotServed       // another service than the one behind this proxy

	CallUntold // an identity header cannot say what the call is for

	ListWithheld // a reply that lists models and cannot be reduced to those that are granted

	Exempt           // a health check that the configuration exempts
	ResourceMetadata // a question for the metadata of the protected resource (RFC 9728)
	ListAnswered     // a list of the models of several services, which the gate makes from its configuration
	Preflight        // a browser's question whether a page's script may send a request
	Allowed          // a decision that lets a request pass

	count
)

type row struct {
	name string
	http int
	grpc int
}

// gRPC codes of google.golang.org/grpc/codes that the gate answers with.
const (
	grpcOK                = 0
	grpcInvalidArgument   = 3
	grpcPermissionDenied  = 7
	grpcResourceExhausted = 8
	grpcUnimplemented     = 12
	grpcInternal          = 13
	grpcUnavailable       = 14
	grpcUnauthenticated   = 16
)

var table = [count]row{
	Internal: {"internal", 500, grpcInternal},
	NotReady: {"not_ready", 503, grpcUnavailable},

	HeaderRepeated:     {"header_repeated", 400, grpcInvalidArgument},
	HeadersTooMany:     {"headers_too_many", 431, grpcResourceExhausted}, // RFC 6585 section 5
	HostMissing:        {"host_missing", 400, grpcInvalidArgument},
	HostInvalid:        {"host_invalid", 400, grpcInvalidArgument},
	ConnectionHeader:   {"connection_header", 400, grpcInvalidArgument},
	UpgradeRefused:     {"upgrade_refused", 400, grpcInvalidArgument},
	GRPCWeb:            {"grpc_web", 415, grpcUnimplemented},
	TrailerForbidden:   {"trailer_forbidden", 400, grpcInvalidArgument},
	PathInvalid:        {"path_invalid", 400, grpcInvalidArgument},
	ModelInvalid:       {"model_invalid", 400, grpcInvalidArgument},
	ModelMissing:       {"model_missing", 400, grpcInvalidArgument},
	BodyType:           {"body_type", 415, grpcInvalidArgument},
	BodyEncoded:        {"body_encoded", 415, grpcUnimplemented},
	BodyInvalid:        {"body_invalid", 400, grpcInvalidArgument},
	BodyKeyRefused:     {"body_key_refused", 400, grpcInvalidArgument},
	BodyTooLarge:       {"body_too_large", 413, grpcResourceExhausted},
	IdentityConflict:   {"identity_conflict", 400, grpcInvalidArgument},
	QueryRefused:       {"query_refused", 400, grpcInvalidArgument},
	QueryToken:         {"query_token", 400, grpcInvalidArgument},
	CredentialRepeated: {"credential_repeated", 400, grpcInvalidArgument},
	CredentialMixed:    {"credential_mixed", 400, grpcInvalidArgument},
	CertificateInvalid: {"certificate_invalid", 400, grpcInvalidArgument},

	CredentialMissing:  {"credential_missing", 401, grpcUnauthenticated},
	SchemeUnsupported:  {"scheme_unsupported", 401, grpcUnauthenticated},
	TokenMalformed:     {"token_malformed", 401, grpcUnauthenticated},
	TokenTooLarge:      {"token_too_large", 401, grpcUnauthenticated},
	TokenType:          {"token_type", 401, grpcUnauthenticated},
	TokenCritical:      {"token_critical", 401, grpcUnauthenticated},
	TokenAlgorithm:     {"token_algorithm", 401, grpcUnauthenticated},
	KeyUnknown:         {"key_unknown", 401, grpcUnauthenticated},
	APIKeyUnknown:      {"api_key_unknown", 401, grpcUnauthenticated},
	SignatureInvalid:   {"signature_invalid", 401, grpcUnauthenticated},
	SignatureRemoved:   {"signature_removed", 401, grpcUnauthenticated},
	IssuerUnknown:      {"issuer_unknown", 401, grpcUnauthenticated},
	AudienceWrong:      {"audience_wrong", 401, grpcUnauthenticated},
	TokenExpired:       {"token_expired", 401, grpcUnauthenticated},
	TokenNotYetValid:   {"token_not_yet_valid", 401, grpcUnauthenticated},
	TokenLifetime:      {"token_lifetime", 401, grpcUnauthenticated},
	ClaimsInvalid:      {"claims_invalid", 401, grpcUnauthenticated},
	TokenBinding:       {"token_binding", 401, grpcUnauthenticated},
	CertificateMissing: {"certificate_missing", 401, grpcUnauthenticated},

	RequestSignatureMissing:     {"request_signature_missing", 401, grpcUnauthenticated},
	RequestSignatureMalformed:   {"request_signature_malformed", 400, grpcInvalidArgument},
	RequestSignatureUncovered:   {"request_signature_uncovered", 401, grpcUnauthenticated},
	RequestSignatureInvalid:     {"request_signature_invalid", 401, grpcUnauthenticated},
	RequestSignatureExpired:     {"request_signature_expired", 401, grpcUnauthenticated},
	RequestSignatureNotYetValid: {"request_signature_not_yet_valid", 401, grpcUnauthenticated},
	RequestSignatureReplayed:    {"request_signature_replayed", 401, grpcUnauthenticated},
	RequestSignatureCaller:      {"request_signature_caller", 401, grpcUnauthenticated},
	DigestMismatch:              {"digest_mismatch", 400, grpcInvalidArgument},

	NoncesFull:      {"nonces_full", 503, grpcUnavailable},
	KeysUnavailable: {"keys_unavailable", 503, grpcUnavailable},
	Overloaded:      {"overloaded", 503, grpcUnavailable},

	GrantMissing: {"grant_missing", 403, grpcPermissionDenied},
	Denied:       {"denied", 403, grpcPermissionDenied},

	OriginRefused: {"origin_refused", 403, grpcPermissionDenied},

	PathUnknown:     {"path_unknown", 404, grpcUnimplemented},
	ModelUnreadable: {"model_unreadable", 404, grpcUnimplemented},

	NotServed: {"not_served", 404, grpcUnimplemented},

	CallUntold: {"call_untold", 501, grpcUnimplemented},

	ListWithheld: {"list_withheld", 502, grpcUnavailable},

	Exempt:           {"exempt", 200, grpcOK},
	ResourceMetadata: {"resource_metadata", 200, grpcOK},
	ListAnswered:     {"list_answered", 200, grpcOK},
	Preflight:        {"preflight", 204, grpcOK},
	Allowed:          {"allowed", 200, grpcOK},
}

// valid returns Internal for a number outside the set, so that it refuses and does
// not panic.
func (r Reason) valid() Reason {
	if r >= count {
		return Internal
	}
	return r
}

// Refuses reports whether a decision with this Reason refuses the request. In
// shadow such a request passes all the same: the Reason then says what would
// have refused it.
func (r Reason) Refuses() bool { return r.valid() < Exempt }

// String returns the name in metrics, logs, response bodies and tests.
func (r Reason) String() string { return table[r.valid()].name }

// HTTP returns the status code of a refusal (RFC 9110, RFC 6750 section 3.1), or of what the gate
// answers.
func (r Reason) HTTP() int { return table[r.valid()].http }

// GRPC returns the status code of a refusal of a gRPC request; 0 if the Reason does
// not refuse.
func (r Reason) GRPC() int { return table[r.valid()].grpc }

// All returns every Reason in order.
func All() []Reason {
	all := make([]Reason, count)
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// Challenge returns the error code of RFC 6750 section 3.1, or "" if the response
// has none: the request had no credential, or the refusal is not about credentials.
func (r Reason) Challenge() string {
	switch {
	case r == CredentialMissing, r == OriginRefused, r >= RequestSignatureMissing && r <= DigestMismatch: // the token is not at fault
		return ""
	}
	switch r {
	case QueryToken, CredentialRepeated, CredentialMixed:
		return "invalid_request"
	}
	switch r.HTTP() {
	case 401:
		return "invalid_token"
	case 403:
		return "insufficient_scope"
	}
	return ""
}
