package main

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// devIssuer are the fields of an issuer that say what its tokens look like.
type devIssuer struct {
	Name, Preset  string
	Issuer        any // a text or a list
	Audiences     []string
	AudienceClaim string
	Algorithms    []string
	Type          string
	Types         []string
	Groups        any // a JSON Pointer, or a list of them and of objects with "pointer" and "form"
	JWKS          json.RawMessage
}

// devCaller is whose token is minted.
type devCaller struct {
	subject, email string
	groups         []string
	more           map[string]any
}

// presetIssuers are the issuers that presets stand for, and their algorithms.
var presetIssuers = map[string]struct{ issuer, algorithm string }{
	"google-iap":  {"https://cloud.google.com/iap", "ES256"},
	"google-oidc": {"https://accounts.google.com", "RS256"},
	"entra":       {"", "RS256"}, // each tenant has its own
	"cognito":     {"", "RS256"},
}

func (is devIssuer) algorithms() []string {
	if preset := presetIssuers[is.Preset]; preset.algorithm != "" {
		return []string{preset.algorithm}
	}
	return is.Algorithms
}

// mint returns a token of the issuer.
func (is devIssuer) mint(k developmentKey, c devCaller, now time.Time, lifetime time.Duration) (string, error) {
	claims := map[string]any{
		"sub": cmp.Or(c.subject, c.email, "development"), "iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
	}
	if issuer := cmp.Or(presetIssuers[is.Preset].issuer, first(is.Issuer)); issuer != "" {
		claims["iss"] = issuer
	}
	if len(is.Audiences) > 0 {
		put(claims, cmp.Or(is.AudienceClaim, "/aud"), is.Audiences[0])
	}
	is.addPreset(claims, c)
	if c.email != "" {
		claims["email"] = c.email
	}
	if len(c.groups) > 0 {
		pointer, value := is.groupsClaim(c.groups)
		if pointer == "" {
			return "", fmt.Errorf(`the issuer %q must have "groups" for tokens with groups; got none`, is.Name)
		}
		put(claims, pointer, value)
	}
	maps.Copy(claims, c.more)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	token := jwt.NewWithClaims(jwt.GetSigningMethod(k.Algorithm), jwt.MapClaims(claims))
	token.Header["kid"], token.Header["typ"] = k.ID, cmp.Or(is.Type, first(is.Types), "JWT")
	private, err := k.private()
	if err != nil {
		return "", err
	}
	return token.SignedString(private)
}

// addPreset adds what tokens of the issuer's preset and type have. The presets' own documentation is
// listed where the gate has them.
func (is devIssuer) addPreset(claims map[string]any, c devCaller) {
	_, domain, _ := strings.Cut(c.email, "@")
	if cmp.Or(is.Type, first(is.Types)) == "at+jwt" { // RFC 9068 section 2.2
		claims["client_id"], claims["jti"] = "development", rand.Text()
	}
	switch is.Preset {
	case "google-iap":
		claims["sub"] = cmp.Or(c.subject, "accounts.google.com:100000000000000000000")
	case "google-oidc":
		claims["sub"], claims["azp"] = cmp.Or(c.subject, "100000000000000000000"), is.Audiences[0]
		if c.email != "" {
			claims["email_verified"] = true
		}
	case "keycloak":
		claims["typ"] = "Bearer"
		if c.email != "" {
			claims["email_verified"] = true
		}
	case "cognito":
		claims["token_use"] = "access"
	}
	if strings.HasPrefix(is.Preset, "google-") && domain != "" && domain != "gmail.com" {
		claims["hd"] = domain
	}
}

// groupsClaim returns the first claim with the issuer's groups, and groups in its form. The pointer
// is "" if there is none.
func (is devIssuer) groupsClaim(groups []string) (pointer string, value any) {
	pointer, value = cmp.Or(first(is.Groups), map[string]string{"cognito": "/cognito:groups"}[is.Preset]), groups
	list, _ := is.Groups.([]any)
	if len(list) == 0 {
		return pointer, value
	}
	claim, ok := list[0].(map[string]any)
	if !ok {
		return pointer, value
	}
	pointer, _ = claim["pointer"].(string)
	switch claim["form"] {
	case "words":
		value = strings.Join(groups, " ")
	case "names":
		names := map[string]any{}
		for _, group := range groups {
			names[group] = map[string]any{}
		}
		value = names
	}
	return pointer, value
}

// first returns a text, or the first of a list of texts, or "".
func first(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []string:
		if len(v) > 0 {
			return v[0]
		}
	case []any:
		if len(v) > 0 {
			text, _ := v[0].(string)
			return text
		}
	}
	return ""
}

// put sets a claim at a JSON Pointer, with the objects around it.
func put(claims map[string]any, pointer string, value any) {
	tokens, err := strictjson.ParsePointer(pointer)
	if err != nil {
		return // the configuration does not compile
	}
	for _, token := range tokens[:len(tokens)-1] {
		child, ok := claims[token].(map[string]any)
		if !ok {
			child = map[string]any{}
			claims[token] = child
		}
		claims = child
	}
	claims[tokens[len(tokens)-1]] = value
}
