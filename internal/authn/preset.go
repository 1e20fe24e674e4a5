package authn

import (
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// preset is what a token service documents about its own tokens, as fields of an issuer.
type preset struct {
	name   string
	fields string // JSON
	// closed are the fields that must not be beside the preset, besides those that it gives.
	closed string
}

// presets are the presets.
//
// google-iap: cloud.google.com/iap/docs/signed-headers-howto documents the header,
// ES256, the issuer, the forms of aud, 30 s of skew and ten minutes of lifetime. An
// assertion has no email_verified: IAP vouches for its e-mail address.
//
// google-oidc: developers.google.com/identity/openid-connect documents RS256 and an
// iss with and without its scheme.
//
// The same page documents hd for both: an account without it has no hosted domain.
//
// kubernetes: kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin
// documents sub and the claim kubernetes.io of bound tokens. They name no people and no
// groups.
//
// keycloak: AccessTokenResponse and TokenUtil.java of keycloak/keycloak write Bearer into
// the claim typ of access tokens alone (ID, Refresh, Offline and Logout into others), and
// typ at+jwt into the header where a client asks for it.
//
// entra: learn.microsoft.com/entra/identity-platform/access-tokens documents both forms of
// iss and RS256; …/optional-claims-reference documents xms_edov, which says whether the
// owner of the address's domain is verified. An address without it is one that any tenant's
// administrator may have written.
//
// cognito: docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-
// tokens-verifying-a-jwt.html documents RS256, and for access tokens client_id and token_use;
// …/amazon-cognito-user-pools-using-the-access-token.html documents cognito:groups.
//
// spiffe: github.com/spiffe/spiffe, standards/JWT-SVID.md section 2 documents typ; iss is
// not needed.
var presets = [...]preset{
	{"google-iap", `{"issuer":["https://cloud.google.com/iap"],"algorithms":["ES256"],"from":[{"header":"x-goog-iap-jwt-assertion"}],` +
		`"maxLifetime":"10m","email":"trusted","absent":{"domain":"none"}}`, googleClosed},
	{"google-oidc", `{"issuer":["https://accounts.google.com","accounts.google.com"],"algorithms":["RS256"],"absent":{"domain":"none"}}`,
		googleClosed},
	{"kubernetes", `{"requiredClaims":["/kubernetes.io/serviceaccount/name"],` +
		`"absent":{"email":"none","domain":"none","groups":"none"}}`, "subject trustDomain tenants symmetric"},
	{"keycloak", `{"types":["JWT","at+jwt"],"requiredClaims":[{"pointer":"/typ","anyOf":["Bearer"]}]}`, "type trustDomain tenants symmetric"},
	{"entra", `{"issuer":["https://login.microsoftonline.com/{tenantid}/v2.0","https://sts.windows.net/{tenantid}/"],` +
		`"algorithms":["RS256"],"address":{"verified":{"pointer":"/xms_edov","anyOf":[true,"true",1,"1"]}}}`, "email trustDomain symmetric"},
	{"cognito", `{"algorithms":["RS256"],"audienceClaim":"/client_id","requiredClaims":[{"pointer":"/token_use","anyOf":["access"]}],` +
		`"groups":"/cognito:groups"}`, "trustDomain tenants symmetric"},
	{"spiffe", `{"types":["JWT","JOSE"]}`, "type audienceClaim noAudience subject tenants symmetric"},
}

const (
	presetNames  = "google-iap, google-oidc, kubernetes, keycloak, entra, cognito or spiffe"
	googleClosed = "issuer algorithms type types maxLifetime email symmetric subject audienceClaim noAudience tenants trustDomain domain"
	// presetOpen are the fields that replace a preset's; requiredClaims are added to its own.
	presetOpen = "from absent groups address requiredClaims"
)

// presetNamed returns the preset of that name, or nil.
func presetNamed(name string) *preset {
	for i := range presets {
		if presets[i].name == name {
			return &presets[i]
		}
	}
	return nil
}

// contains reports whether a list of names, which spaces separate, has the name.
func contains(list, name string) bool {
	for item := range strings.SplitSeq(list, " ") {
		if item == name {
			return true
		}
	}
	return false
}

// applyPreset returns the issuer's fields and those of the preset that it leaves out, and
// refuses what may not be beside the preset.
func (is *Issuer) applyPreset(o strictjson.Object, name strictjson.Value) (_ strictjson.Object, ok bool) {
	p := presetNamed(name.Text())
	if p == nil {
		if name.JSON().Str != "" {
			name.MustBe(presetNames)
		}
		return o, false
	}
	var problems strictjson.Problems // none: a test compiles each
	root, _ := strictjson.Parse(p.fields, &problems)
	fields := root.Object()
	for i := range o.Members {
		m := &o.Members[i]
		if contains(p.closed, m.Name) || fields.Get(m.Name).Exists() && !contains(presetOpen, m.Name) {
			m.Value.Fail("must not be set beside a preset, which gives it")
		}
	}
	is.required = append(compileRequired(fields.Get("requiredClaims")), is.required...)
	is.iss = fields.Get("issuer").Texts()
	for _, m := range fields.Members {
		if !o.Get(m.Name).Exists() {
			o.Members = append(o.Members, m)
		}
	}
	is.google, is.cluster = strings.HasPrefix(p.name, "google-"), p.name == "kubernetes"
	switch p.name {
	case "google-iap":
		is.singleAudience, is.workforce = true, true
		checkIAPAudiences(o.Get("audiences"))
	case "spiffe":
		o.Need("trustDomain")
	}
	return o, true
}

// checkIAPAudiences refuses what is no audience of IAP.
func checkIAPAudiences(v strictjson.Value) {
	for _, a := range v.Items() {
		if text := a.JSON().Str; strings.HasSuffix(text, ".apps.googleusercontent.com") {
			a.MustBe("an audience of IAP's assertions, which is not the OAuth client ID: /projects/NUMBER/global/backendServices/ID")
		} else if !isIAPAudience(text) {
			a.MustBe("an audience of IAP's assertions, such as /projects/NUMBER/global/backendServices/ID")
		}
	}
}
