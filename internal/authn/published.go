package authn

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

var errNoKey = errors.New("no key usable with the issuer's algorithms")

// ExamineKeys returns what would become of each key of a published document for an
// issuer with those algorithms. The error is why the document is refused.
func ExamineKeys(document string, algorithms []string) ([]KeyNote, error) {
	var allowed []*algorithm
	for _, name := range algorithms {
		a := algorithmNamed(name)
		if a == nil || a.family == familySecret {
			return nil, fmt.Errorf("%q is no algorithm of a public key", name)
		}
		allowed = append(allowed, a)
	}
	_, notes, err := parsePublished(document, allowed, nil)
	return notes, err
}

// parsePublished reads what an issuer publishes: a JWK Set, or IAP's dictionary from
// kid to a public key in PEM. A key that is malformed or weak is skipped, since
// an issuer's mistake with one key must not lock out everybody. A private or
// symmetric key and a repeated kid refuse the document: nothing that such a
// publisher says can be trusted (RFC 7517 section 9).
func parsePublished(document string, allowed []*algorithm, iss []string) (set *KeySet, notes []KeyNote, err error) {
	var problems strictjson.Problems
	root, ok := strictjson.Parse(document, &problems)
	if !ok {
		return nil, nil, problems
	}
	if dictionary := root.JSON(); dictionary.IsObject() && !dictionary.Get("keys").Exists() {
		set, notes = parsePEMs(root, allowed)
	} else {
		set, notes = parseKeys(root, allowed, iss)
	}
	for _, n := range notes {
		if n.Refused {
			return nil, notes, errors.New(n.Why)
		}
	}
	switch {
	case notes == nil && problems != nil:
		return nil, nil, problems
	case len(set.keys) == 0:
		return nil, notes, errNoKey
	}
	return set, notes, nil
}

// parsePEMs reads {"kid": "-----BEGIN PUBLIC KEY-----…"}, the form of
// www.gstatic.com/iap/verify/public_key.
func parsePEMs(v strictjson.Value, allowed []*algorithm) (set *KeySet, notes []KeyNote) {
	set = &KeySet{}
	members := v.Object().Members
	if len(members) > maxKeys {
		v.Fail("must have at most %d keys; got %d", maxKeys, len(members))
		return set, nil
	}
	for _, m := range members {
		n := KeyNote{ID: m.Name}
		key, why := parsePEM(m.Name, m.Value.JSON().Str, allowed)
		if why == "" {
			why = checkLimits(key)
		}
		if n.Why = why; why == "" {
			n.Algorithm = key.alg.name
			set.keys = append(set.keys, key)
		}
		notes = append(notes, n)
	}
	return set, notes
}

// checkLimits applies to a key from PEM the limits of a JWK. It returns what is
// wrong, or "".
func checkLimits(k *Key) string {
	if k, ok := k.public.(*rsa.PublicKey); ok {
		if member, fault := checkRSA(k.N, big.NewInt(int64(k.E))); fault != "" {
			return member + " " + fault
		}
	}
	if k.ID == "" || len(k.ID) > maxKeyID {
		return fmt.Sprintf("kid must have 1 to %d bytes; got %d", maxKeyID, len(k.ID))
	}
	return ""
}

// parsePEM reads one public key. why is what is wrong with it, or "".
func parsePEM(id, text string, allowed []*algorithm) (key *Key, why string) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
		return nil, "is no public key in PEM, and the document is no JWK Set"
	}
	public := parseSubjectPublicKeyInfo(block.Bytes)
	if public == nil {
		return nil, "is no SubjectPublicKeyInfo of RSA, P-256, P-384, P-521 or Ed25519"
	}
	var kty family
	var curve string
	switch k := public.(type) {
	case *rsa.PublicKey:
		kty = familyRSA
	case *ecdsa.PublicKey:
		kty, curve = familyEC, k.Params().Name
	case ed25519.PublicKey:
		kty, curve = familyOKP, "Ed25519"
	}
	var found *algorithm
	for _, a := range allowed {
		if a.family == kty && a.curveName == curve {
			if found != nil {
				return nil, fmt.Sprintf("has no alg, and the issuer allows both %s and %s: a key has one algorithm", found.name, a.name)
			}
			found = a
		}
	}
	if found == nil {
		return nil, "no allowed algorithm has its type"
	}
	return newKey(id, found, public), ""
}
