package scan

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// TestAgreesWithStrictJSON: the two JSON scanners of this module have one set of
// rules. What one of them accepts the other accepts, but for the documented
// differences: strictjson has a smaller depth and refuses a repeated name in every
// object, and scan refuses more in watched objects.
func TestAgreesWithStrictJSON(t *testing.T) {
	pieces := []string{
		`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, `"a"`, `"model":`, `0`, `1`, `-`, `.`, `e`, `E+`, `true`, `null`, `fals`, ` `, "\n", "\x00",
		"\x1f", "\xff", "é", `\u0041`, `\ud83d`, `\ude00`, `\u00`, `\n`, `/`, "\ufeff", `'`, `N`, `"x":{"a":1,"a":2},`, "\xc3", "\xed\xa0\x80",
	}
	random, accepted, refused := rand.New(rand.NewPCG(1, 2)), 0, 0
	for _, x := range acceptedJSON {
		if len(x.doc) > 500 {
			continue
		}
		for range 300 {
			doc := x.doc
			for range random.IntN(3) {
				at, piece := random.IntN(len(doc)+1), pieces[random.IntN(len(pieces))]
				doc = doc[:at] + piece + doc[min(len(doc), at+random.IntN(3)):]
			}
			if agree(t, doc) {
				accepted++
			} else {
				refused++
			}
		}
	}
	if accepted < 2000 || refused < 2000 {
		t.Errorf("%d documents accepted and %d refused, want at least 2000 of each", accepted, refused)
	}
}

// agree compares the scanners on one document, and reports whether scan accepts it.
func agree(t *testing.T, doc string) bool {
	t.Helper()
	agreeOn(t, each, doc)
	return agreeOn(t, deep, doc)
}

func agreeOn(t *testing.T, keys []Key, doc string) bool {
	t.Helper()
	j := NewJSON(keys, Limits{})
	j.Scan([]byte(doc))
	scanned, strict := j.End(), strictjson.Check(doc)
	var syntax *strictjson.SyntaxError
	errors.As(strict, &syntax)
	strictOnly := syntax != nil && (strings.Contains(syntax.Message, "twice") || strings.Contains(syntax.Message, "nested"))
	scanOnly := scanned != nil && slices.Contains([]Kind{Duplicate, Twin, Type, TooDeep, TooMany, TooLong}, scanned.Kind)
	switch {
	case scanned == nil && strict != nil && !strictOnly:
		t.Fatalf("scan accepts %q, strictjson: %v", doc, strict)
	case scanned != nil && strict == nil && !scanOnly:
		t.Fatalf("strictjson accepts %q, scan: %v", doc, scanned)
	}
	return scanned == nil
}
