package authn

import (
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Secrets looks up an environment variable of the VM. Secrets are not in the
// configuration, which operators print, compare and keep in Git.
type Secrets func(name string) (value string, ok bool)

// compileSecret reads an HMAC key from the environment variable that v names. The
// variable has the key in base64url without padding, as k of RFC 7518 section 6.4.1.
// The key must be as long as the hash or longer (section 3.2). No error shows v, as
// the secret itself may be there by mistake.
func compileSecret(v strictjson.Value, alg *algorithm, secrets Secrets) *KeySet {
	if v.Text() == "" {
		return &KeySet{}
	}
	value, ok := secrets(v.Text())
	key, decodes := decodeBase64URL(strings.TrimSpace(value))
	switch {
	case !ok:
		v.Fail("must name an environment variable of the VM; there is none of this name")
	case !decodes:
		v.Fail("must name a variable with base64url without padding as its value")
	case len(key) < alg.size:
		v.Fail("must name a variable with a key of at least %d bytes for %s; got %d", alg.size, alg.name, len(key))
	default:
		return &KeySet{[]*Key{{alg: alg, public: key}}}
	}
	return &KeySet{}
}
