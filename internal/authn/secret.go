package authn

import (
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Secrets looks up an environment variable of the VM. Secrets are not in the
// configuration, which operators print, compare and keep in Git.
type Secrets func(name string) (value string, ok bool)

// Secret is a shared secret from the environment of the VM.
type Secret struct {
	ID     string // kid, "" for none
	Key    []byte
	Period Period
}

// Period is when a secret is in force, in seconds since 1970: from NotBefore on, and
// before Until. 0 is no bound.
type Period struct{ NotBefore, Until int64 }

// Contains reports whether the secret is in force at that time.
func (p Period) Contains(now time.Time) bool {
	seconds := now.Unix()
	return seconds >= p.NotBefore && (p.Until == 0 || seconds < p.Until)
}

// maxSecrets bounds the secrets of one list.
const maxSecrets = 16

// CompileSecrets reads one secret or a list of them: {"env": …, "kid": …, "notBefore": …,
// "until": …}. Each has size bytes or more; what names its use in errors. Those with a
// problem are left out.
func CompileSecrets(v strictjson.Value, size int, what string, secrets Secrets) (list []Secret) {
	items := []strictjson.Value{v}
	if v.JSON().IsArray() {
		items = v.Items()
	}
	if len(items) > maxSecrets {
		v.Fail("must have at most %d secrets; got %d", maxSecrets, len(items))
		return nil
	}
	ids, unnamed := map[string]bool{}, 0
	for _, item := range items {
		o := item.Object("env", "kid", "notBefore", "until")
		s := Secret{Period: Period{o.Get("notBefore").Instant(), o.Get("until").Instant()}}
		if s.Period.Until != 0 && s.Period.Until <= s.Period.NotBefore {
			o.Get("until").Fail("must be later than notBefore")
		}
		kid := o.Get("kid")
		switch s.ID = kid.Text(); {
		case !kid.Exists():
			if unnamed++; unnamed == maxTried+1 {
				item.Fail(`needs "kid": of the secrets without it, no more than %d are tried`, maxTried)
			}
		case len(s.ID) > maxKeyID:
			kid.Fail("must have at most %d bytes; got %d", maxKeyID, len(s.ID))
		case ids[s.ID]:
			kid.Fail("is there twice")
		}
		ids[s.ID] = true
		if s.Key = compileSecret(o.Need("env"), size, what, secrets); s.Key != nil {
			list = append(list, s)
		}
	}
	return list
}

const noVariable = "must name an environment variable of the VM; there is none of this name"

// compileSecret reads a secret from the environment variable that v names. The variable
// has the secret in base64url without padding, as k of RFC 7518 section 6.4.1. No error
// shows v, as the secret itself may be there by mistake.
func compileSecret(v strictjson.Value, size int, what string, secrets Secrets) []byte {
	if v.Text() == "" {
		return nil
	}
	value, ok := secrets(v.Text())
	key, decodes := decodeBase64URL(strings.TrimSpace(value))
	switch {
	case !ok:
		v.Fail(noVariable)
	case !decodes:
		v.Fail("must name a variable with base64url without padding as its value")
	case len(key) < size:
		v.Fail("must name a variable with a key of at least %d bytes for %s; got %d", size, what, len(key))
	default:
		return key
	}
	return nil
}

// compileSecretKeys reads "symmetric". A key must be as long as the hash or longer (RFC
// 7518 section 3.2).
func compileSecretKeys(v strictjson.Value, alg *algorithm, secrets Secrets) *KeySet {
	set := &KeySet{}
	for _, s := range CompileSecrets(v, alg.size, alg.name, secrets) {
		set.keys = append(set.keys, &Key{ID: s.ID, alg: alg, public: s.Key, period: s.Period})
	}
	return set
}
