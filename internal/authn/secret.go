package authn

import (
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Secrets looks up an environment variable of the VM. A secret never stands in
// the configuration, which operators print, diff and keep in Git.
type Secrets func(name string) (value string, ok bool)

// sharedSecret takes an HMAC key from the environment: its bytes in base64url
// without padding, the form of k in RFC 7518 section 6.4.1, at least as many
// as the hash has (section 3.2).
func sharedSecret(name strictjson.Value, alg *algorithm, secrets Secrets) *KeySet {
	if name.Text() == "" {
		return &KeySet{}
	}
	value, ok := secrets(name.Text())
	key, decodes := octets(strings.TrimSpace(value))
	switch {
	case !ok:
		name.Fail("the VM has no such environment variable")
	case !decodes:
		name.Fail("the variable's value is not base64url without padding")
	case len(key) < alg.size:
		name.Fail("the variable holds %d bytes; %s needs at least %d", len(key), alg.name, alg.size)
	default:
		return &KeySet{[]*Key{{alg: alg, public: key}}}
	}
	return &KeySet{}
}
