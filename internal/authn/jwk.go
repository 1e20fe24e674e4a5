package authn

import (
	"crypto/ed25519"
	"crypto/rsa"
	"math/big"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/phrase"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// jwk is one JWK. Unknown members are ignored (RFC 7517 section 4).
type jwk struct{ strictjson.Object }

// member returns a member, or a value that does not exist. A member that is null or an
// empty array is none: serializers write all members of a class, with null for those that
// are not set (such as JsonWebKey of Microsoft.IdentityModel.Tokens), and browsers write
// "key_ops": [] for a key that is exported without a use.
func (j jwk) member(name string) strictjson.Value {
	v := j.Get(name)
	if raw := v.JSON(); raw.Type == strictjson.Null && raw.Exists() || raw.IsArray() && isEmptyArray(raw) {
		return strictjson.Value{}
	}
	return v
}

func isEmptyArray(v strictjson.Result) bool {
	empty := true
	v.ForEach(func(_, _ strictjson.Result) bool {
		empty = false
		return false
	})
	return empty
}

func (j jwk) optionalText(name string) string { return j.member(name).Text() }

// mayBePublished reports whether the JWK has neither private members nor a shared
// secret, and adds a problem if it has.
func (j jwk) mayBePublished() bool {
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if v := j.member(private); v.Exists() {
			v.Fail("must not be here: it is private, and a key set has public keys only")
			return false
		}
	}
	if family(j.Get("kty").JSON().Str) == familySecret {
		j.Fail(`must not be symmetric; use "symmetric" with an environment variable`)
		return false
	}
	return true
}

// serves reports whether the key is one of an issuer that has iss; nil for any. The key
// set that Microsoft Entra ID has in common for all tenants gives each key an issuer, in
// which {tenantid} may be any tenant's. A token of version 1 has another iss, of the
// same tenant: AadTokenValidationParametersExtension.cs of
// AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet compares both.
func (j jwk) serves(iss []string) bool {
	issuer := j.optionalText("issuer")
	if iss == nil || issuer == "" {
		return true
	}
	before, after, anyTenant := strings.Cut(issuer, "{tenantid}")
	return slices.ContainsFunc(iss, func(iss string) bool {
		for _, form := range []string{iss, entraVersion2(iss)} {
			tenant, hasBefore := strings.CutPrefix(form, before)
			tenant, hasAfter := strings.CutSuffix(tenant, after)
			if form == issuer || anyTenant && hasBefore && hasAfter && tenant != "" && !strings.Contains(tenant, "/") {
				return true
			}
		}
		return false
	})
}

// entraVersion2 returns the iss of version 2 of a tenant of Microsoft Entra ID, for an
// iss of version 1; "" for any other.
func entraVersion2(iss string) string {
	rest, ok := strings.CutPrefix(iss, "https://sts.windows.net/")
	tenant, isWhole := strings.CutSuffix(rest, "/")
	if !ok || !isWhole || tenant == "" || strings.Contains(tenant, "/") {
		return ""
	}
	return "https://login.microsoftonline.com/" + tenant + "/v2.0"
}

// compile makes a key for each algorithm that it serves. There is none if the JWK has a
// problem, or if it is passed over: then why is the reason.
func (j jwk) compile(id string, is *Issuer) (keys []*Key, why string) {
	kty := family(j.optionalText("kty"))
	if len(id) > maxKeyID {
		j.Get("kid").Fail("must have at most %d bytes; got %d", maxKeyID, len(id))
		return nil, ""
	}
	fits, why := j.chooseAlgorithms(kty, is)
	if len(fits) == 0 {
		return nil, why
	}
	var public any
	switch kty {
	case familyRSA:
		public = j.rsa()
	case familyEC:
		public = j.ec(fits[0])
	case familyOKP:
		public = j.okp()
	}
	if public == nil {
		return nil, ""
	}
	return newKeys(id, fits, public), ""
}

// chooseAlgorithms returns the algorithms that the key verifies: its own alg, or all of
// the issuer's that have its type and curve. There are several only for an RSA key without
// alg, of an issuer that allows several of RSA. RFC 8725 section 3.1 wants one algorithm a
// key; but who publishes such a key names none, and the configuration lists those that
// count. If there is none the key is skipped, and why is the reason.
func (j jwk) chooseAlgorithms(kty family, is *Issuer) (fits []*algorithm, why string) {
	if use := j.optionalText("use"); use != "" && use != "sig" && !(is.trustDomain != "" && use == "jwt-svid") {
		return nil, "use is not sig"
	}
	if ops := j.member("key_ops"); ops.Exists() && !slices.Contains(ops.Texts(), "verify") {
		return nil, "key_ops has no verify"
	}
	crv := j.optionalText("crv")
	declared := j.optionalText("alg")
	for _, a := range is.algorithms {
		if a.family == kty && a.curveName == crv && (declared == "" || algorithmNamed(declared) == a) {
			fits = append(fits, a)
		}
	}
	if fits == nil {
		return nil, "no allowed algorithm has its kty, crv and alg"
	}
	return fits, ""
}

// needBytes decodes a member that is base64url (RFC 7515 section 2), without padding or
// with all of it. It returns nil if there is a problem.
func (j jwk) needBytes(name string) []byte {
	v := j.Need(name)
	text := v.Text()
	if text == "" {
		return nil
	}
	if len(text)%4 == 0 {
		text = strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
	}
	b, ok := decodeBase64URL(text)
	if !ok {
		v.MustBe("base64url")
		return nil
	}
	return b
}

// needNumber is needBytes for a number. RFC 7518 section 2 wants the fewest bytes, and
// section 6.2.1.2 the curve's length; a number is the same with zeros before it or without.
func (j jwk) needNumber(name string) []byte {
	b := j.needBytes(name)
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

func (j jwk) rsa() any {
	n, e := j.needNumber("n"), j.needNumber("e")
	if n == nil || e == nil {
		return nil
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if member, fault := checkRSA(modulus, exponent); fault != "" {
		j.Get(member).Fail("%s", fault)
		return nil
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
}

// checkRSA returns what is wrong with the modulus n or the exponent e of a key, and
// with which of them. The fault is "" for a good key.
func checkRSA(n, e *big.Int) (member, fault string) {
	switch bits := n.BitLen(); {
	case bits < minRSABits || bits > maxRSABits:
		return "n", phrase.Sprintf("must have %d to %d bits; got %d", minRSABits, maxRSABits, bits)
	case n.Bit(0) == 0:
		return "n", "must be odd"
	case e.BitLen() > 31 || e.Bit(0) == 0 || e.Int64() < 3:
		return "e", "must be an odd number from 3 to 2^31-1"
	}
	return "", ""
}

func (j jwk) ec(alg *algorithm) any {
	x, y := j.needNumber("x"), j.needNumber("y")
	if x == nil || y == nil {
		return nil
	}
	length := alg.size / 2
	if len(x) > length || len(y) > length {
		j.Fail("must have x and y of at most %d bytes for %s", length, alg.curveName)
		return nil
	}
	// SEC 1's form, whose parser refuses what is not on the curve.
	point := make([]byte, 1+2*length)
	point[0] = 4
	copy(point[1+length-len(x):], x)
	copy(point[1+2*length-len(y):], y)
	key := parsePoint(alg.curve, point)
	if key == nil {
		j.Fail("must have x and y of a point of %s", alg.curveName)
	}
	return key
}

func (j jwk) okp() any {
	x := j.needBytes("x")
	if x == nil {
		return nil
	}
	if len(x) != ed25519.PublicKeySize {
		j.Get("x").Fail("must have %d bytes for Ed25519; got %d", ed25519.PublicKeySize, len(x))
		return nil
	}
	return ed25519.PublicKey(x)
}
