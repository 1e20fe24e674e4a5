//go:build wasip1

package main

import (
	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// Envoy's V8 compiles a function when it is first called, on the worker that calls
// it, while a request waits. So the request path is run once before the first
// request, with a gate of its own. The only issuer of that gate has this key, whose
// private half was thrown away. The results are not used.
const (
	warmConfig = `{"version":1,"audit":"all",` +
		`"issuers":[{"name":"warm","issuer":"warm","audiences":["warm"],"algorithms":["ES256"],` +
		`"jwks":{"inline":{"keys":[{"kty":"EC","crv":"P-256","kid":"warm","alg":"ES256",` +
		`"x":"Qk06zU5fjODpEd-OyivPTPxUOiPlN8QL_zUqr6JZ_FA","y":"nGOmtUfrQgxCb14ETrcPqwcbJVA0Mq3PqEn0FSa1DVg"}]}}}],` +
		`"routes":[{"protocol":"kserve-v1","prefix":"/warm","names":"kfserving","lists":false}],` +
		`"grants":[{"name":"warm","issuers":["warm"],"members":["user:warm@warm.example"],` +
		`"claims":[{"pointer":"/sub","equals":"warm"}],"role":"invoker","models":["warm/warm"]}],` +
		`"denies":[{"name":"cold","members":["user:warm@warm.example"],"models":["warm/cold"]}],` +
		`"identity":[{"header":"x-user","value":"{issuer}:{email}"}]}`
	// {"alg":"ES256","kid":"warm","typ":"JWT"}, and {"aud":["warm"],"email":"warm@warm.example",
	// "email_verified":true,"exp":253402300799,"iat":0,"iss":"warm","nbf":0,"sub":"warm"}
	warmToken = "eyJhbGciOiJFUzI1NiIsImtpZCI6Indhcm0iLCJ0eXAiOiJKV1QifQ." +
		"eyJhdWQiOlsid2FybSJdLCJlbWFpbCI6Indhcm1Ad2FybS5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsIm" +
		"V4cCI6MjUzNDAyMzAwNzk5LCJpYXQiOjAsImlzcyI6Indhcm0iLCJuYmYiOjAsInN1YiI6Indhcm0ifQ."
	warmSignature = "ouL-a2k9sAtn9e3e1mQlEoEGhSN6bQzCn8Mtb-IUQPcO2iFj-59iHDWP22Y98EY-J7Uwgc2VzV3G9iSNk4J0Kw"
)

// warmUp runs an allowed request, verified and from the cache, and each kind of
// refusal. An unexpected result is logged and changes nothing.
func warmUp(verify func(*authn.Key, string, string) (ok, done bool)) {
	defer func() {
		if p := recover(); p != nil {
			abi.Log(abi.Error, "model gate: warming up: ", driver.PanicText(p))
		}
	}()
	g, err := gate.New(warmConfig, func(string) (string, bool) { return "", false })
	if err != nil {
		panic(err)
	}
	env := gate.Env{Now: hostTime(), Keys: g.Keys(), Verify: verify, Cache: g.NewCache()}
	good, forged := "Bearer "+warmToken+warmSignature, "Bearer "+warmToken+"A"+warmSignature[1:]
	for _, c := range []struct {
		path, authorization string
		want                reason.Reason
	}{
		{"/warm/warm/warm:predict", good, reason.Allowed}, // the token is verified,
		{"/warm/warm/warm:predict", good, reason.Allowed}, // verified again and cached,
		{"/warm/warm/warm:predict", good, reason.Allowed}, // found in the cache, and the decision is cached,
		{"/warm/warm/warm:predict", good, reason.Allowed}, // and the decision is found in the cache
		{"/warm/warm/none:predict", good, reason.GrantMissing},
		{"/warm/warm/cold:predict", good, reason.Denied},
		{"/warm/warm/warm:predict", forged, reason.SignatureInvalid},
		{"/warm/warm/warm:predict", "", reason.CredentialMissing},
		{"/warm//", good, reason.PathInvalid},
		{"/", good, reason.PathUnknown},
	} {
		pairs := [][2]string{{":method", "POST"}, {":path", c.path}, {":authority", "warm.example"}, {":scheme", "https"},
			{"content-type", "application/json"}, {"x-request-id", "warm"}, {"x_user", "nobody"}}
		if c.authorization != "" {
			pairs = append(pairs, [2]string{"authorization", c.authorization})
		}
		_, step := g.Begin(env, &gate.Head{Pairs: pairs})
		if step.Reason != c.want {
			panic(c.path + ": " + step.Reason.String() + ", want " + c.want.String())
		}
	}
}
