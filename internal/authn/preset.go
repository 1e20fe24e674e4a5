package authn

import (
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// preset is what a token service documents about its own tokens. None of it can be
// configured beside the preset.
type preset struct {
	iss            []string
	algorithms     []string
	location       tokenLocation
	isAudience     func(string) bool // nil for any audience
	singleAudience bool
	maxLifetime    time.Duration
	trustsEmail    bool
	workforce      bool
	absentIsNone   Untold
}

// presetNamed returns a preset of Google's two kinds of token, or nil.
//
// google-iap: cloud.google.com/iap/docs/signed-headers-howto documents the header,
// ES256, the issuer, the forms of aud, 30 s of skew and ten minutes of lifetime. An
// assertion has no email_verified: IAP vouches for its e-mail address.
//
// google-oidc: developers.google.com/identity/openid-connect documents RS256 and an
// iss with and without its scheme.
//
// The same page documents hd for both: an account without it has no hosted domain.
func presetNamed(name string) *preset {
	switch name {
	case "google-iap":
		return &preset{
			iss:            []string{"https://cloud.google.com/iap"},
			algorithms:     []string{"ES256"},
			location:       tokenLocation{header: "x-goog-iap-jwt-assertion"},
			isAudience:     isIAPAudience,
			singleAudience: true,
			maxLifetime:    10 * time.Minute,
			trustsEmail:    true,
			workforce:      true,
			absentIsNone:   UntoldDomain,
		}
	case "google-oidc":
		return &preset{
			iss:          []string{"https://accounts.google.com", "accounts.google.com"},
			algorithms:   []string{"RS256"},
			location:     defaultLocation,
			absentIsNone: UntoldDomain,
		}
	}
	return nil
}

// applyPreset sets what the preset gives and refuses it in the configuration.
func (is *Issuer) applyPreset(o strictjson.Object, name strictjson.Value) {
	p := presetNamed(name.Text())
	if p == nil {
		name.MustBe("google-iap or google-oidc")
		return
	}
	for _, given := range []string{"issuer", "algorithms", "type", "maxLifetime", "email", "symmetric"} {
		if o.Get(given).Exists() {
			o.Get(given).Fail("must not be set beside a preset, which gives it")
		}
	}
	if p.isAudience != nil {
		for _, a := range o.Get("audiences").Items() {
			if text := a.JSON().Str; strings.HasSuffix(text, ".apps.googleusercontent.com") {
				a.MustBe("an audience of IAP's assertions, which is not the OAuth client ID: /projects/NUMBER/global/backendServices/ID")
			} else if !p.isAudience(text) {
				a.MustBe("an audience of IAP's assertions, such as /projects/NUMBER/global/backendServices/ID")
			}
		}
	}
	is.iss, is.singleAudience, is.maxLifetime, is.trustsEmail = p.iss, p.singleAudience, p.maxLifetime, p.trustsEmail
	is.preset, is.workforce, is.absentIsNone = true, p.workforce, p.absentIsNone
	is.locations = []tokenLocation{p.location}
	for _, a := range p.algorithms {
		is.algorithms = append(is.algorithms, algorithmNamed(a))
	}
}
