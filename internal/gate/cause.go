package gate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/cause"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// Cause is what is at fault with a request that is refused, or would be but for a shadow. It is
// for the log, and nothing of it is in an answer. It is found only then, by looking at the
// request once more: what passes pays nothing for it.
type Cause struct {
	cause.Cause
	Issuer, KeyID, Algorithm string // see authn.Refusal
	// Late is by how many seconds a token is too late, without the skew; less than 0 if it is too
	// early, and 0 if that is not at fault.
	Late int64
	Near authz.Near // the grant that is nearest, if none covers the call
	// Hides is what the caller would be told with a credential, if that is no missing grant.
	Hides string
}

var noCause Cause // never written to

// Cause returns what is at fault with a request that has been refused, or would be but for its
// shadow; nil if nothing is.
func (x *Exchange) Cause() *Cause { return x.cause }

// findCause says what is at fault with a request.
func (x *Exchange) findCause(why reason.Reason) *Cause {
	c := &Cause{}
	switch ofToken := x.refusal != nil && why == x.refusedFor; {
	case ofToken:
		c.ofCredential(x)
	case x.refusedPart != "":
		c.At("signature "+cause.Cut(x.refusedPart), signatureRules[min(int(why), len(signatureRules)-1)])
		if why == reason.DigestMismatch {
			c.Place = "body"
		}
	case why == reason.CredentialMissing:
		c.At("credential", "must be there: a caller without one may not do this", x.gate.authn.Sources()...)
		if x.hidden != reason.Internal && x.hidden != reason.GrantMissing {
			c.Hides = x.hidden.String()
		}
	case x.bodyFault != nil:
		c.Cause = *x.bodyFault
	case why == reason.GrantMissing && len(x.Call.Models) > 0:
		c.ofGrants(x)
	case why == reason.Denied:
		c.ofDeny(x)
	case x.scanFault != nil:
		c.ofBody(x.scanFault)
	default:
		c.ofHead(x, why)
	}
	c.CutWant()
	return c
}

func (c *Cause) ofCredential(x *Exchange) {
	r := x.refusal
	c.Cause, c.Issuer, c.KeyID, c.Algorithm = r.Cause, r.Issuer, r.KeyID, r.Algorithm
	if !r.Limit.IsZero() {
		c.Late = x.now.Unix() - r.Limit.Unix()
	}
}

// refusingPolicy returns the policy that refuses: the narrowing's, if that is what refuses.
func (x *Exchange) refusingPolicy() *authz.Policy {
	if x.narrowedBy != "" && x.narrowing != nil {
		return x.narrowing.policy
	}
	return x.gate.policy
}

// ofGrants finds the grant that is nearest.
func (c *Cause) ofGrants(x *Exchange) {
	c.Near = x.refusingPolicy().Nearest(x.now, x.Principal, &x.Call)
	c.Cause = c.Near.Cause
}

func (c *Cause) ofDeny(x *Exchange) {
	c.At("deny", "applies to the caller, the verb and the model")
	if x.refusingPolicy().AppliesInDoubt(x.now, x.Principal, &x.Call) {
		c.Why = "applies in doubt: the caller's credential does not tell whether the caller is its member, or meets its conditions"
	}
}

func (c *Cause) ofBody(err *scan.Error) {
	c.At("body byte "+strconv.FormatInt(err.Offset, 10), err.Rule)
	if err.Where != "" {
		c.Add(err.Where)
	}
}

// ofHead says what is at fault with the head, or with what the gate has of the request.
func (c *Cause) ofHead(x *Exchange, why reason.Reason) {
	switch why {
	case reason.HeaderRepeated:
		place := "header " + cause.Cut(x.head.repeated)
		if x.head.repeated == ":authority" {
			place = "host"
		}
		c.At(place, "must be there once, without a comma")
	case reason.UpgradeRefused:
		c.At("header "+x.upgradeHeader(), "must not ask for another protocol, but for WebSocket where a resource has it")
		if x.head.Method == "CONNECT" {
			c.At("method", "must not be CONNECT")
		}
	case reason.TrailerForbidden:
		c.At("trailer "+cause.Cut(x.trailer), "must not be among the trailers: it says who calls, or a signature covers the body")
	case reason.BodyEncoded:
		c.At("header "+x.encodingHeader(), "must be identity, or left out")
	case reason.TokenExpired: // while the body came
		c.At("claim /exp", "must be in the future when a message begins")
		c.Issuer, c.Late = x.Principal.Issuer, x.now.Unix()-x.Principal.Expires.Unix()
	default:
		if int(why) < len(headRules) && headRules[why][0] != "" {
			c.At(headRules[why][0], headRules[why][1])
			return
		}
		switch {
		case x.body != nil:
			c.At("body", "must ask for the call of which the identity headers have told the server")
			return
		case x.request == nil:
			c.At("gate", "cannot evaluate the request")
			return
		case x.head.Path == "":
			c.At("path", "must begin with '/'")
			return
		}
		c.Cause, _ = x.gate.routes.Cause(x.head.Request)
		if c.Place == "" {
			c.At("gate", "cannot evaluate the request")
		}
	}
}

// headRules are the place and the rule of what needs no look at the request.
var headRules = [...][2]string{
	reason.HeadersTooMany:   {"headers", "must be at most 256"},
	reason.HostMissing:      {"host", "must be there"},
	reason.ConnectionHeader: {"header connection", "must name no header: only close, keep-alive, and upgrade where a resource has it"},
	reason.BodyType:         {"header content-type", "must be application/json, or a form where the endpoint takes one"},
	reason.BodyInvalid:      {"body", "must be there, and must be a whole document or whole messages"},
	reason.BodyTooLarge:     {"body", "must be shorter"},
	reason.QueryToken:       {"query", "must have no access_token, and no credential of another name: send it in a header"},
	reason.OriginRefused:    {"header origin", `must be the host's own, or one that "origins" of "cors" lists`},
	reason.CallUntold:       {"call", "must be one that every identity header can say"},
	reason.ListWithheld:     {"reply", "must be a whole list of models, not compressed, that the gate can cut down to the granted ones"},

	reason.RequestSignatureMissing:  {"signature", "must be there: the issuer, or each grant that covers the call, has \"require\""},
	reason.RequestSignatureReplayed: {"signature nonce", "must not have come before"},
	reason.NoncesFull:               {"gate", "cannot remember one more nonce"},
	reason.Overloaded:               {"gate", "cannot hold more requests that wait"},
	reason.NotReady:                 {"gate", "has no configuration that is in force"},
	reason.Internal:                 {"gate", "has a fault of its own"},
}

// signatureRules say what the part of a signature that is at fault must be.
var signatureRules = [...]string{
	reason.RequestSignatureMalformed:   "must be in the form of RFC 9421, of components that the gate reads",
	reason.RequestSignatureUncovered:   "must be covered by the signature",
	reason.RequestSignatureInvalid:     "must be what the configuration has, and the signature must verify",
	reason.RequestSignatureExpired:     "must be recent, and not have passed",
	reason.RequestSignatureNotYetValid: "must be in the past",
	reason.RequestSignatureCaller:      "must be a key that signs for this caller",
	reason.DigestMismatch:              "must have the digest that is signed",
}

// upgradeHeader returns the header that asks for another protocol.
func (x *Exchange) upgradeHeader() string {
	for _, name := range [...]string{"http2-settings", ":protocol", "upgrade", "connection"} {
		if x.request != nil && slices.ContainsFunc(x.request.Pairs, func(h [2]string) bool { return h[0] == name }) {
			return name
		}
	}
	return "upgrade"
}

func (x *Exchange) encodingHeader() string {
	if x.request != nil {
		for _, h := range x.request.Pairs {
			if strings.HasSuffix(h[0], "-encoding") && (h[0] == "content-encoding" || h[0] == "grpc-encoding") && h[1] != "identity" {
				return h[0]
			}
		}
	}
	return "content-encoding"
}
