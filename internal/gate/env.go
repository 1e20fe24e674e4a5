package gate

import (
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/keys"
)

// Env is what the world looks like during one call. Nothing else is read.
type Env struct {
	Now  time.Time
	Keys *authn.Keys
	// Verify checks a signature outside the module. done is false where it
	// cannot, and then Go does. Nil is the same as never done.
	Verify func(k *authn.Key, signed, signature string) (ok, done bool)
	Cache  *Cache // nil decides everything anew
	// WaitPolicy is what can still be done about keys that are not in Keys. The
	// zero value is for a host that cannot wait.
	WaitPolicy keys.WaitPolicy
}

// authn is the part of it by which callers are told.
func (e *Env) authn() authn.Env {
	part := authn.Env{Now: e.Now, Keys: e.Keys, Verify: e.Verify, WaitPolicy: e.WaitPolicy}
	if e.Cache != nil {
		part.Cache = e.Cache.tokens
	}
	return part
}
