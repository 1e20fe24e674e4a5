package authn

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// strictClaims implements golang-jwt's Claims, for values from encoding/json.
type strictClaims struct {
	m
	singleAudience bool
}

var errClaimType = errors.New("claim of the wrong type")

func (c strictClaims) date(name string) (*jwt.NumericDate, error) {
	v, there := c.m[name]
	n, ok := v.(float64)
	switch {
	case !there:
		return nil, nil
	case !ok || n < 0 || n > maxDate:
		return nil, errClaimType
	}
	seconds, fraction := math.Modf(n)
	return &jwt.NumericDate{Time: time.Unix(int64(seconds), int64(fraction*1e9))}, nil
}

func (c strictClaims) text(name string) (string, error) {
	v, there := c.m[name]
	s, ok := v.(string)
	if there && !ok {
		return "", errClaimType
	}
	return s, nil
}

func (c strictClaims) GetExpirationTime() (*jwt.NumericDate, error) { return c.date("exp") }
func (c strictClaims) GetIssuedAt() (*jwt.NumericDate, error)       { return c.date("iat") }
func (c strictClaims) GetNotBefore() (*jwt.NumericDate, error)      { return c.date("nbf") }
func (c strictClaims) GetIssuer() (string, error)                   { return c.text("iss") }
func (c strictClaims) GetSubject() (string, error)                  { return c.text("sub") }

func (c strictClaims) GetAudience() (list jwt.ClaimStrings, _ error) {
	switch v := c.m["aud"].(type) {
	case string:
		list = append(list, v)
	case []any:
		for _, item := range v {
			s, _ := item.(string) // "" is refused below
			list = append(list, s)
		}
		if c.singleAudience {
			return nil, errClaimType
		}
	default:
		return nil, errClaimType
	}
	if slices.Contains(list, "") {
		return nil, errClaimType
	}
	return list, nil
}

// checkByGolangJWT is Issuer.checkClaims by golang-jwt's Validator; from and to are
// computed by hand.
func (is *Issuer) checkByGolangJWT(c strictClaims, now time.Time) (from, to time.Time, why reason.Reason) {
	err := jwt.NewValidator(
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithLeeway(is.skew),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithAudience(is.audiences...),
	).Validate(c)
	sub, subErr := c.GetSubject()
	switch {
	case errors.Is(err, errClaimType), errors.Is(err, jwt.ErrTokenRequiredClaimMissing), subErr != nil, sub == "":
		return from, to, reason.ClaimsInvalid
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return from, to, reason.AudienceWrong
	case errors.Is(err, jwt.ErrTokenExpired):
		return from, to, reason.TokenExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return from, to, reason.TokenNotYetValid
	case err != nil:
		return from, to, reason.ClaimsInvalid
	}
	exp, _ := c.GetExpirationTime() // all were read without error
	iat, _ := c.GetIssuedAt()
	nbf, _ := c.GetNotBefore()
	client, clientErr := c.text("client_id")
	id, idErr := c.text("jti")
	if is.typ != "" && (iat == nil || client == "" || id == "" || clientErr != nil || idErr != nil) {
		return from, to, reason.ClaimsInvalid
	}
	if is.maxLifetime > 0 && iat == nil {
		return from, to, reason.ClaimsInvalid
	}
	if is.maxLifetime > 0 && exp.Sub(iat.Time) > is.maxLifetime+2*is.skew {
		return from, to, reason.TokenLifetime
	}
	for _, d := range []*jwt.NumericDate{nbf, iat} {
		if d != nil && d.Add(-is.skew).After(from) {
			from = d.Add(-is.skew)
		}
	}
	return from, exp.Add(is.skew), reason.Allowed
}

// TestClaimsAreCheckedAsByGolangJWT compares Issuer.checkClaims with golang-jwt, for
// random claims near each bound.
func TestClaimsAreCheckedAsByGolangJWT(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(values ...any) any { return values[r.IntN(len(values))] }
	date := func() any {
		if r.IntN(8) == 0 {
			return pick(nil, "1", true, m{}, []any{}, -1, -0.5, 0, 0.5, maxDate, maxDate+1, 1e300)
		}
		n := float64(now.Unix() + int64(pick(-3600, -600, -90, -30, 0, 30, 90, 600, 3600).(int)) + int64(r.IntN(3)-1))
		return pick(n, n+0.5)
	}
	text := func(or ...any) any { return pick(append(or, "a", "a", "a", "", nil, 1, []any{"a"})...) }
	seen := map[reason.Reason]int{}
	for range 200_000 {
		is := &Issuer{
			audiences:      []string{"a", "b"},
			singleAudience: r.IntN(4) == 0,
			skew:           pick(time.Duration(0), 30*time.Second, 5*time.Minute).(time.Duration),
			maxLifetime:    pick(time.Duration(0), time.Duration(0), 10*time.Minute).(time.Duration),
			typ:            pick("", "", "at+jwt").(string),
		}
		c := m{"pad": "x"}
		for name, value := range map[string]any{"exp": date(), "nbf": date(), "iat": date(), "sub": text(), "client_id": text(), "jti": text(),
			"aud": text("b", "b", "c", []any{"b"}, []any{"c", "b"}, []any{}, []any{"b", 1}, []any{""}, m{"b": 1})} {
			if r.IntN(6) > 0 || name == "exp" && r.IntN(4) > 0 {
				c[name] = value
			}
		}
		doc := mustJSON(c)
		var read m
		if err := json.Unmarshal([]byte(doc), &read); err != nil {
			t.Fatal(err)
		}
		_, fields, _ := strictjson.Fields(doc, payloadLimits, nil)
		from, to, f := is.checkClaims(fields, now)
		why := f.why
		wantFrom, wantTo, want := is.checkByGolangJWT(strictClaims{read, is.singleAudience}, now)
		if why != want || why == reason.Allowed && !(from.Equal(wantFrom) && to.Equal(wantTo)) {
			t.Fatalf("checkClaims(%s, %+v) = %s, %s, %v, want %s, %s, %v", doc, is, from, to, why, wantFrom, wantTo, want)
		}
		seen[why]++
	}
	for _, why := range []reason.Reason{
		reason.Allowed, reason.ClaimsInvalid, reason.AudienceWrong, reason.TokenExpired, reason.TokenNotYetValid, reason.TokenLifetime,
	} {
		if seen[why] < 300 {
			t.Errorf("%v came %d times only", why, seen[why])
		}
	}
}
