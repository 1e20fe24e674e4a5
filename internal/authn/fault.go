package authn

import (
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// fault is why a token whose signature holds is refused. The zero value refuses.
type fault struct {
	why   reason.Reason
	claim string // the JSON Pointer of the claim at fault, "" if there is none
}

// none is no fault.
func none() fault { return fault{why: reason.Allowed} }

// faultAt returns the fault of a claim; none if why is Allowed.
func faultAt(why reason.Reason, claim strictjson.Pointer) fault {
	if why == reason.Allowed {
		return none()
	}
	return fault{why, claim.String()}
}

// The pointers of the claims that this package knows.
var (
	issClaim      = strictjson.Pointer{"iss"}
	audClaim      = strictjson.Pointer{"aud"}
	subClaim      = strictjson.Pointer{"sub"}
	emailClaim    = strictjson.Pointer{"email"}
	verifiedClaim = strictjson.Pointer{"email_verified"}
	hdClaim       = strictjson.Pointer{"hd"}
)

// refused returns the result for a token that is refused. What is said of it is only its
// issuer and the claim at fault, and only if the signature holds or the issuer is why it
// does not matter.
func (v *verification) refused() Result {
	r := Result{Principal: Nobody(), Reason: v.why, Missing: v.missing, Claim: v.claim, Refusal: v.refusal}
	if v.claim != "" && v.issuer != nil {
		r.Issuer = v.issuer.Name
	}
	return r
}
