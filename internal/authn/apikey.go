package authn

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// apiKeys is an issuer's "apiKeys": its callers have opaque random keys in place of
// tokens. The configuration or published data has the SHA-256 of each key, and says
// whose it is.
type apiKeys struct {
	prefix string // of all its keys; "" if nothing else comes in its headers
}

// apiKey is one key. Who has it is read from its entry when it comes.
type apiKey struct {
	digest [sha256.Size]byte // of the key
	entry  string            // the JSON object, which has been checked
	period Period
}

// apiKeySet is the keys of one document. It is immutable.
type apiKeySet struct {
	keys     []apiKey
	byDigest map[uint64]int32 // from the first eight bytes of a digest
}

// The lengths of a key. A shorter one could be guessed: its digest is not salted, and
// takes a microsecond to try.
const (
	minAPIKey    = 16
	maxAPIKey    = 256
	maxKeyPrefix = 32
)

// find returns the entry of a key, or nil. The time that it takes says nothing about
// the digests: whoever does not know a key cannot choose the digest that is looked up,
// and the comparison takes the same time wherever two differ.
func (s *apiKeySet) find(key string) *apiKey {
	if len(key) < minAPIKey || len(key) > maxAPIKey {
		return nil
	}
	var room [maxAPIKey]byte
	digest := sha256.Sum256(room[:copy(room[:], key)])
	i, ok := s.byDigest[binary.BigEndian.Uint64(digest[:])]
	if !ok || subtle.ConstantTimeCompare(s.keys[i].digest[:], digest[:]) != 1 {
		return nil
	}
	return &s.keys[i]
}

// add adds a key. Of two entries for one key an equal one is the same; a pair that
// differs is no entry at all, and add returns false.
func (s *apiKeySet) add(k apiKey) bool {
	at := binary.BigEndian.Uint64(k.digest[:])
	i, known := s.byDigest[at]
	if !known {
		s.byDigest[at] = int32(len(s.keys))
		s.keys = append(s.keys, k)
		return true
	}
	same := s.keys[i].entry == k.entry
	if !same {
		s.keys[i] = apiKey{} // no key has the digest of zeros
	}
	return same
}

// readAPIKey reads one entry. fault is what is wrong with it, or "".
func readAPIKey(v strictjson.Result) (k apiKey, fault string) {
	k.entry = v.Raw
	hasDigest, hasSubject := false, false
	v.ForEach(func(name, value strictjson.Result) bool {
		var form string // what the value must be; "" if it is so
		switch ok := value.Type == strictjson.String && value.Str != ""; name.Str {
		case "sha256":
			if hasDigest = ok && k.readDigest(value.Str); !hasDigest {
				form = "64 digits 0-9 a-f"
			}
		case "subject":
			if hasSubject = ok; !ok {
				form = "a string"
			}
		case "email":
			if !ok || !isEmailAddress(value.Str) {
				form = "an e-mail address"
			}
		case "groups":
			if _, ok = stringList(value); !ok || !value.IsArray() {
				form = "an array of strings"
			}
		case "claims":
			if !value.IsObject() {
				form = "an object"
			}
		case "notBefore", "until":
			if !k.period.read(name.Str, value.Str) {
				form = "a time such as 2026-12-31T00:00:00Z"
			}
		default:
			fault = "must not have " + name.Raw + "; known are sha256, subject, email, groups, claims, notBefore, until"
			return false
		}
		if form != "" {
			fault = name.Str + " must be " + form
		}
		return form == ""
	})
	if fault == "" && !(hasDigest && hasSubject) {
		fault = "needs sha256 and subject"
	}
	return k, fault
}

func (k *apiKey) readDigest(s string) bool {
	if len(s) != 2*sha256.Size || strings.ToLower(s) != s {
		return false
	}
	_, err := hex.Decode(k.digest[:], []byte(s))
	return err == nil
}

// read reads one bound of a period. A string that is none is "".
func (p *Period) read(name, s string) (ok bool) {
	if name == "until" {
		p.Until, ok = strictjson.ParseInstant(s)
	} else {
		p.NotBefore, ok = strictjson.ParseInstant(s)
	}
	return ok
}

// parseAPIKeys reads a published document, {"keys": [entry, …]}. An entry that is not
// in order is passed over: an issuer's mistake with one key must not keep the others
// from being revoked. The first such mistake is in note.
func parseAPIKeys(document string) (set *apiKeySet, note string, err error) {
	if err := strictjson.Check(document); err != nil {
		return nil, "", err
	}
	list := strictjson.Read(document).Get("keys")
	if !list.IsArray() {
		return nil, "", errNoAPIKeys
	}
	set = &apiKeySet{byDigest: map[uint64]int32{}}
	list.ForEach(func(_, item strictjson.Result) bool {
		k, fault := readAPIKey(item)
		if fault == "" && !set.add(k) {
			fault = twoAPIKeys
		}
		if note == "" {
			note = fault
		}
		return true
	})
	return set, note, nil
}

var errNoAPIKeys = errors.New(`needs "keys", a list of API keys`)

const twoAPIKeys = "must not have the sha256 of another entry"
