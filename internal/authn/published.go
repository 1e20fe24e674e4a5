package authn

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// readKeys reads the inline key set, where others are published, or the shared
// secret named by "symmetric".
func (is *Issuer) readKeys(o strictjson.Object, secrets Secrets) *KeySet {
	symmetric := slices.ContainsFunc(is.algorithms, func(a *algorithm) bool { return a.family == familySecret })
	if !symmetric {
		if s := o.Get("symmetric"); s.Exists() {
			s.Fail("needs one of HS256, HS384, HS512 as the only algorithm")
		}
		return is.readPublic(o.Need("jwks"))
	}
	if len(is.algorithms) != 1 {
		o.Get("algorithms").Fail("has a symmetric algorithm beside another: one key, one algorithm")
	}
	if o.Get("jwks").Exists() {
		o.Get("jwks").Fail("holds public keys and cannot stand beside a symmetric algorithm")
	}
	return sharedSecret(o.Need("symmetric").Object("env").Need("env"), is.algorithms[0], secrets)
}

// readPublic reads "jwks": keys inline, remote ones, or both, and then the inline
// ones are a baseline that is always there.
func (is *Issuer) readPublic(v strictjson.Value) *KeySet {
	o := v.Object("inline", "remote")
	inline, remote := o.Get("inline"), o.Get("remote")
	if remote.Exists() {
		var names []string
		for _, a := range is.algorithms {
			names = append(names, a.name)
		}
		var iss string
		if len(is.issuers) > 0 {
			iss = is.issuers[0]
		}
		is.remote = keys.Compile(remote, iss, names...)
	}
	if !inline.Exists() {
		if v.JSON().IsObject() && !remote.Exists() {
			v.Fail(`needs "inline" or "remote"`)
		}
		return &KeySet{}
	}
	return parseJWKS(inline, is.algorithms)
}

// Remote is an issuer whose keys are published somewhere.
type Remote struct {
	Name   string // the issuer's, in the configuration
	Source *keys.Source
	issuer *Issuer
}

// Remotes lists the issuers whose keys are to be fetched, in configured order.
func (a *Authenticator) Remotes() (list []Remote) {
	for _, is := range a.issuers {
		if is.remote != nil {
			list = append(list, Remote{is.Name, is.remote, is})
		}
	}
	return list
}

// Usable says what is wrong with a fetched document, nil if it has a key.
func (r Remote) Usable(document string) error {
	_, _, err := readPublished(document, r.issuer.algorithms)
	return err
}

// With is the snapshot in which the issuer has the keys of a document, which is
// Usable or "", besides those that stand in the configuration. Where two have
// one kid, the published one counts.
func (k *Keys) With(r Remote, document string) *Keys {
	is := r.issuer
	next := &Keys{sets: slices.Clone(k.sets)}
	var fetched KeySet
	if document != "" {
		if set, _, err := readPublished(document, is.algorithms); err == nil {
			fetched = *set
		}
	}
	all := fetched.keys
	for _, key := range is.baseline.keys {
		if !slices.ContainsFunc(fetched.keys, func(f *Key) bool { return f.ID == key.ID && f.alg == key.alg }) {
			all = append(all, key)
		}
	}
	next.sets[is.index] = nil // unknown, which is not the same as none
	if len(all) > 0 {
		next.sets[is.index] = &KeySet{all}
	}
	return next
}

// ExamineKeys says what would become of each key of a published document for an
// issuer of those algorithms; the error is why the document is refused.
func ExamineKeys(document string, algorithms []string) ([]KeyNote, error) {
	var allowed []*algorithm
	for _, name := range algorithms {
		a := algorithmNamed(name)
		if a == nil || a.family == familySecret {
			return nil, fmt.Errorf("%q is no algorithm that a published key serves", name)
		}
		allowed = append(allowed, a)
	}
	_, notes, err := readPublished(document, allowed)
	return notes, err
}

// readPublished reads what an issuer publishes: a JWK Set, or IAP's dictionary
// from kid to a public key in PEM. A key that is malformed or weak is passed
// over, since an issuer's mistake with one key must not lock out everybody; a
// private or symmetric one, and a kid that occurs twice, refuse the document:
// nothing that such a publisher says can be relied on (RFC 7517 section 9).
func readPublished(document string, allowed []*algorithm) (set *KeySet, notes []KeyNote, err error) {
	var problems strictjson.Problems
	root, ok := strictjson.Parse(document, &problems)
	if !ok {
		return nil, nil, problems
	}
	if dictionary := root.JSON(); dictionary.IsObject() && !dictionary.Get("keys").Exists() {
		set, notes = readPEMs(root, allowed)
	} else {
		set, notes = readKeys(root, allowed)
	}
	for _, n := range notes {
		if n.Refused {
			return nil, notes, fmt.Errorf("%s", n.Why)
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

var errNoKey = fmt.Errorf("no key usable with the issuer's algorithms")

// readPEMs reads {"kid": "-----BEGIN PUBLIC KEY-----…"}, the form of
// www.gstatic.com/iap/verify/public_key.
func readPEMs(v strictjson.Value, allowed []*algorithm) (set *KeySet, notes []KeyNote) {
	set = &KeySet{}
	members := v.Object().Members
	if len(members) > maxKeys {
		v.Fail("holds %d keys, more than %d", len(members), maxKeys)
		return set, nil
	}
	for _, m := range members {
		n := KeyNote{ID: m.Name}
		if key, why := readPEM(m.Name, m.Value.JSON().Str, allowed); key == nil {
			n.Why = why
		} else if n.Why = fits(key); n.Why == "" {
			n.Algorithm = key.alg.name
			set.keys = append(set.keys, key)
		}
		notes = append(notes, n)
	}
	return set, notes
}

// fits holds a key in PEM to the limits of the others.
func fits(k *Key) string {
	if k, ok := k.public.(*rsa.PublicKey); ok {
		if member, fault := rsaFault(k.N, big.NewInt(int64(k.E))); fault != "" {
			return member + " " + fault
		}
	}
	if k.ID == "" || len(k.ID) > maxKeyID {
		return fmt.Sprintf("its kid has %d bytes, not 1 to %d", len(k.ID), maxKeyID)
	}
	return ""
}

func readPEM(id, text string, allowed []*algorithm) (*Key, string) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
		return nil, "is no public key in PEM, and no JWK Set"
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
				return nil, "has no alg, and the issuer allows two for it: one key, one algorithm"
			}
			found = a
		}
	}
	if found == nil {
		return nil, "no allowed algorithm has its type"
	}
	return newKey(id, found, public), ""
}
