package corpus

import (
	"crypto"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelgate/modelgate/internal/testing/jose"
)

// Token is a token as a case describes it. All else is what the issuer would write: iss,
// aud, a sub, iat ten seconds ago, exp in five minutes, the right key and a good signature.
type Token struct {
	Issuer string         `json:"issuer"`
	Claims map[string]any `json:"claims"` // null removes a claim; "now-31s" is a time
	Header map[string]any `json:"header"` // null removes a member
	Key    int            `json:"key"`    // which of the issuer's inline keys signs; 0 is the first
	Alg    string         `json:"alg"`    // by which it signs, where the key has no alg of its own
	// Fault is "other-key" (signed with a key that is not published), "tampered" (the
	// payload was changed after signing), "no-signature", "signature-removed" (as Cloud
	// Run forwards it), or "" for none.
	Fault string `json:"fault"`
}

// Mint makes and signs a token.
func (s *Scenario) Mint(t Token, now time.Time) (string, error) {
	sg := s.signers[t.Issuer]
	if sg == nil {
		return "", fmt.Errorf("no issuer %q", t.Issuer)
	}
	sg, err := sg.with(t.Key, t.Alg)
	if err != nil {
		return "", err
	}
	claims := map[string]any{
		"iss": sg.iss, "aud": sg.aud, "sub": "subject-1",
		"iat": now.Add(-10 * time.Second).Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	for _, name := range []string{"iss", "aud"} {
		if claims[name] == "" { // the issuer's tokens need none
			delete(claims, name)
		}
	}
	if err := overlay(claims, t.Claims, now); err != nil {
		return "", err
	}
	header := map[string]any{"alg": sg.alg, "typ": "JWT"}
	if sg.kid != "" {
		header["kid"] = sg.kid
	}
	if err := overlay(header, t.Header, now); err != nil {
		return "", err
	}
	return sg.sign(header, claims, t.Fault)
}

// overlay changes base as a case says.
func overlay(base, over map[string]any, now time.Time) error {
	maps.Copy(base, over)
	for name, value := range base {
		text, _ := value.(string)
		offset, relative := strings.CutPrefix(text, "now")
		switch {
		case value == nil:
			delete(base, name)
		case relative:
			d, err := time.ParseDuration(offset)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			base[name] = now.Add(d).Unix()
		}
	}
	return nil
}

func (sg *signer) sign(header, claims map[string]any, fault string) (string, error) {
	signed := part(header) + "." + part(claims)
	key := sg.key
	if kid, _ := header["kid"].(string); sg.more[kid] != nil {
		key = sg.more[kid]
	}
	if fault == "other-key" {
		var err error
		if key, err = sg.otherKey(); err != nil {
			return "", err
		}
	}
	method := jwt.GetSigningMethod(sg.alg)
	sig, err := method.Sign(signed, key)
	if err != nil {
		return "", err
	}
	switch fault {
	case "", "other-key":
	case "tampered":
		claims["email"], claims["sub"] = "root@example.com", "root"
		signed = part(header) + "." + part(claims)
	case "no-signature":
		sig = nil
	case "signature-removed":
		return signed + ".SIGNATURE_REMOVED_BY_GOOGLE", nil
	default:
		return "", fmt.Errorf("no fault %q", fault)
	}
	return signed + "." + jose.Base64URL(sig), nil
}

// otherKey is a new key of the issuer's algorithm.
func (sg *signer) otherKey() (crypto.PrivateKey, error) {
	if secret, ok := sg.key.([]byte); ok {
		return jose.Random(len(secret)), nil
	}
	return jose.NewKey(sg.alg)
}

func part(m map[string]any) string {
	b, _ := json.Marshal(m) // made of JSON values only
	return jose.Base64URL(b)
}
