package authn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// jwk is one JWK. Unknown members are ignored (RFC 7517 section 4).
type jwk struct{ strictjson.Object }

func (j jwk) optionalText(name string) string {
	if v := j.Get(name); v.Exists() {
		return v.Text()
	}
	return ""
}

// mayBePublished reports whether the JWK has neither private members nor a shared
// secret, and adds a problem if it has.
func (j jwk) mayBePublished() bool {
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if j.Get(private).Exists() {
			j.Get(private).Fail("must not be here: it is private, and a key set has public keys only")
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

// compile makes a Key. The key is nil if the JWK has a problem, or if it is passed
// over: then why is the reason.
func (j jwk) compile(id string, allowed []*algorithm) (key *Key, why string) {
	kty := family(j.optionalText("kty"))
	if len(id) > maxKeyID {
		j.Get("kid").Fail("must have at most %d bytes; got %d", maxKeyID, len(id))
		return nil, ""
	}
	alg, why := j.chooseAlgorithm(kty, allowed)
	if alg == nil {
		return nil, why
	}
	var public any
	switch kty {
	case familyRSA:
		public = j.rsa()
	case familyEC:
		public = j.ec(alg)
	case familyOKP:
		public = j.okp()
	}
	if public == nil {
		return nil, ""
	}
	return newKey(id, alg, public), ""
}

// chooseAlgorithm returns the one algorithm that the key verifies: its own alg, or
// the only allowed one that has its type and curve. A key without alg for which two
// are allowed is a problem. The algorithm is nil if the key is skipped: then why
// is the reason.
func (j jwk) chooseAlgorithm(kty family, allowed []*algorithm) (alg *algorithm, why string) {
	if use := j.optionalText("use"); use != "" && use != "sig" {
		return nil, "use is not sig"
	}
	if ops := j.Get("key_ops"); ops.Exists() && !slices.Contains(ops.Texts(), "verify") {
		return nil, "key_ops has no verify"
	}
	crv := j.optionalText("crv")
	declared := j.optionalText("alg")
	var fits []*algorithm
	for _, a := range allowed {
		if a.family == kty && a.curveName == crv && (declared == "" || algorithmNamed(declared) == a) {
			fits = append(fits, a)
		}
	}
	switch len(fits) {
	case 0:
		return nil, "no allowed algorithm has its kty, crv and alg"
	case 1:
		return fits[0], ""
	}
	j.Fail("needs alg: the issuer allows both %s and %s, and a key has one algorithm", fits[0].name, fits[1].name)
	return nil, ""
}

// needBytes decodes a member that is base64url without padding (RFC 7515 section 2).
// It returns nil if there is a problem.
func (j jwk) needBytes(name string) []byte {
	v := j.Need(name)
	text := v.Text()
	if text == "" {
		return nil
	}
	b, ok := decodeBase64URL(text)
	if !ok {
		v.MustBe("base64url without padding")
		return nil
	}
	return b
}

func (j jwk) rsa() any {
	n, e := j.needBytes("n"), j.needBytes("e")
	if n == nil || e == nil {
		return nil
	}
	// RFC 7518 section 2, Base64urlUInt: the fewest bytes that hold the number.
	if n[0] == 0 || e[0] == 0 {
		j.Fail("must have n and e without zero bytes before them")
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
		return "n", fmt.Sprintf("must have %d to %d bits; got %d", minRSABits, maxRSABits, bits)
	case n.Bit(0) == 0:
		return "n", "must be odd"
	case e.BitLen() > 31 || e.Bit(0) == 0 || e.Int64() < 3:
		return "e", "must be an odd number from 3 to 2^31-1"
	}
	return "", ""
}

func (j jwk) ec(alg *algorithm) any {
	x, y := j.needBytes("x"), j.needBytes("y")
	if x == nil || y == nil {
		return nil
	}
	// Full-length coordinates (RFC 7518 section 6.2.1.2), then SEC 1's form,
	// whose parser refuses what is not on the curve.
	if length := alg.size / 2; len(x) != length || len(y) != length {
		j.Fail("must have x and y of %d bytes for %s; got %d and %d", length, alg.curveName, len(x), len(y))
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(alg.curve, bytes.Join([][]byte{{4}, x, y}, nil))
	if err != nil {
		j.Fail("must have x and y of a point of %s", alg.curveName)
		return nil
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
