package authn

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// KeyNote says whether one key of a set is used, and why not.
type KeyNote struct {
	ID        string // kid
	Algorithm string // the algorithms that it verifies, "" if it is not used
	Why       string // why it is not used, "" if it is used
	Refused   bool   // whether the whole set is refused because of this key
}

// parsedKeys is what becomes of the keys of a document while it is read.
type parsedKeys struct {
	keys  []parsedKey
	notes []KeyNote // of each key; nil if the document is no key set
	used  int       // keys that serve
}

// parsedKey is a key for one algorithm, and the index of its note.
type parsedKey struct {
	*Key
	note int
}

// add notes what becomes of a key of the document.
func (p *parsedKeys) add(n KeyNote, keys []*Key) {
	for _, k := range keys {
		p.keys = append(p.keys, parsedKey{k, len(p.notes)})
	}
	if len(keys) > 0 {
		p.used++
	}
	p.notes = append(p.notes, n)
}

// withinBounds reports whether the document has not more keys that serve than are read, and
// adds a problem if it has. Those that serve for nothing here do not count.
func (p *parsedKeys) withinBounds(v strictjson.Value) bool {
	if p.used > maxKeys {
		v.Fail("must have at most %d keys for signatures; got more", maxKeys)
		p.keys, p.notes = nil, nil
	}
	return p.used <= maxKeys
}

// clash is why two keys are not used.
const clash = "another key has its kid and algorithm"

// set files the keys by kid and algorithm. Those that are equal are one. Of two that differ
// nobody can say which one is meant: neither is used, and the others are.
func (p *parsedKeys) set() *KeySet {
	set := &KeySet{}
	for i, k := range p.keys {
		first, differs := true, false
		for j, other := range p.keys {
			if i == j || k.alg != other.alg || k.ID != other.ID {
				continue
			}
			if k.equals(other.Key) {
				first = first && i < j
			} else if k.ID != "" {
				differs = true
			}
		}
		switch n := &p.notes[k.note]; {
		case differs:
			n.Why = clash
		case n.Algorithm == "":
			n.Algorithm = k.alg.name
		default:
			n.Algorithm += ", " + k.alg.name
		}
		if first && !differs {
			set.keys = append(set.keys, k.Key)
		}
	}
	for i := range p.notes {
		if n := &p.notes[i]; n.Algorithm != "" {
			n.Why = "" // it serves another algorithm
		}
	}
	return set
}

// parseKeys reads a JWK Set. Keys that are not for verifying signatures by one of the
// issuer's algorithms are skipped, as RFC 7517 section 5 asks.
func (p *parsedKeys) parseKeys(v strictjson.Value, is *Issuer) {
	for _, item := range v.Object().Need("keys").Items() { // other members are ignored, as section 5 asks
		p.parseKey(item, is)
		if !p.withinBounds(v) {
			return
		}
	}
}

// parseKey reads one JWK.
func (p *parsedKeys) parseKey(item strictjson.Value, is *Issuer) {
	before := len(item.Problems())
	j := jwk{item.Object()}
	n := KeyNote{ID: j.optionalText("kid")}
	var keys []*Key
	if n.Refused = !j.mayBePublished(); !n.Refused {
		if keys, n.Why = j.compile(n.ID, is); keys != nil && !j.serves(is.iss) {
			keys, n.Why = nil, "its issuer is another"
		}
	}
	if problems := item.Problems()[before:]; len(problems) > 0 {
		keys, n.Why = nil, problems.Error()
	}
	p.add(n, keys)
}

// compileInline reads the keys of a configuration. A key that is malformed, weak, private or
// symmetric is an error, and so are two that differ and have one kid.
func compileInline(v strictjson.Value, is *Issuer) *KeySet {
	var p parsedKeys
	switch json := v.JSON(); {
	case keys.IsPEM(json.Str):
		p.parsePEM("", json.Str, is)
		p.report(v)
	case json.Get("keys").Exists():
		p.parseKeys(v, is)
	case json.Get("kty").Exists():
		p.parseKey(v, is)
	case strings.Contains(json.Raw, beginPEM):
		p.parseDictionary(v, is)
		p.report(v)
	default:
		p.parseKeys(v, is)
	}
	set, refused := p.set(), false
	for i, n := range p.notes {
		refused = refused || n.Refused || n.Why == clash
		if n.Why == clash && !slices.ContainsFunc(p.notes[:i], func(other KeyNote) bool { return other.ID == n.ID && other.Why == clash }) {
			v.Fail("must not have two keys with the kid %q that differ", n.ID)
		}
	}
	if p.notes != nil && len(set.keys) == 0 && len(is.algorithms) > 0 && !refused {
		v.Fail("must have a key that is usable with the issuer's algorithms")
	}
	return set
}

// report adds a problem for each text that is no public key in PEM.
func (p *parsedKeys) report(v strictjson.Value) {
	for _, n := range p.notes {
		if n.Why != "" && n.Why != noAlgorithm {
			v.Fail("must have public keys or certificates in PEM; kid %q %s", n.ID, n.Why)
		}
	}
}
