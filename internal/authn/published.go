package authn

import (
	"errors"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/strictjson"
)

var errNoKey = errors.New("no key usable with the issuer's algorithms")

// ExamineKeys returns what would become of each key of a published document for an
// issuer with those algorithms; svid is set if its tokens are JWT-SVIDs. The error is why
// the document is refused.
func ExamineKeys(document string, algorithms []string, svid bool) ([]KeyNote, error) {
	is := &Issuer{}
	if svid {
		is.trustDomain = "any"
	}
	for _, name := range algorithms {
		a := algorithmNamed(name)
		if a == nil || a.family == familySecret {
			return nil, errors.New(strconv.Quote(name) + " is no algorithm of a public key")
		}
		is.algorithms = append(is.algorithms, a)
	}
	_, notes, err := parsePublished(document, is)
	return notes, err
}

// parsePublished reads what an issuer publishes: a JWK Set, a JWK, a public key or a
// certificate in PEM, or a dictionary of those by kid. A key that is malformed or weak is
// skipped, since an issuer's mistake with one key must not lock out everybody. A private or
// symmetric key refuses the document: nothing that such a publisher says can be trusted
// (RFC 7517 section 9).
func parsePublished(document string, is *Issuer) (set *KeySet, notes []KeyNote, err error) {
	var problems strictjson.Problems
	var p parsedKeys
	if keys.IsPEM(document) {
		p.parsePEM("", document, is)
	} else if root, ok := strictjson.Parse(document, &problems); ok {
		switch json := root.JSON(); {
		case !json.IsObject() || json.Get("keys").Exists():
			p.parseKeys(root, is)
		case json.Get("kty").Exists() && !strings.HasPrefix(json.Get("kty").Str, beginPEM):
			p.parseKey(root, is)
		default:
			p.parseDictionary(root, is)
		}
	}
	set = p.set()
	for _, n := range p.notes {
		if n.Refused {
			return nil, p.notes, errors.New(n.Why)
		}
	}
	switch {
	case p.notes == nil && problems != nil:
		return nil, nil, problems
	case len(set.keys) == 0:
		return nil, p.notes, errNoKey
	}
	return set, p.notes, nil
}
