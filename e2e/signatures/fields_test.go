package signatures

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"

	"github.com/modelgate/modelgate/internal/signature"
)

// fields are dictionaries that TestFields changes.
var fields = []string{
	`a=1, b=2;x=1;y=2, c=(a b c), d`, `sig1=("@method" "@path";req "x";key="a");created=1618884473;keyid="k", b=:AQI=:`,
	`a="x\"y\\z", b=?0, c=tok/en:x;p="q"`, `sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, md5=::`, `*a.b-c_d=-12;q, e=()`,
}

// What ours reads, httpsfv reads too and writes in the same way. What only httpsfv reads falls under a rule.
func TestFields(t *testing.T) {
	g := &generator{rand.New(rand.NewPCG(9651, 8941)), t}
	read, only := 0, 0
	for range 20 * *mutations {
		value := pick(g, fields...)
		for range g.IntN(4) {
			at := g.IntN(len(value) + 1)
			value = value[:at] + pick(g, "", "", "a", "Z", "0", " ", "\t", `"`, `\`, ";", ",", "=", ":", "(", ")", "?1", "*", "%", "-", ".",
				"\x7f", "\xe9", "@1", "1.5") + value[min(at+g.IntN(2), len(value)):]
		}
		ours, err := strictForm(t, value)
		theirs, theirErr := httpsfv.UnmarshalDictionary([]string{strings.Trim(value, " \t")}) // as HTTP does
		written := ""
		if theirErr == nil {
			written, theirErr = httpsfv.Marshal(theirs)
		}
		switch {
		case err == nil && (theirErr != nil || written != ours):
			t.Errorf("%q is written as %q; by httpsfv, as %q, %v", value, ours, written, theirErr)
		case err == nil:
			read++
		case theirErr == nil && !fieldRule(value, theirs):
			t.Errorf("only httpsfv reads %q, under no rule", value)
		case theirErr == nil:
			only++
		}
	}
	t.Logf("both read %d, only httpsfv %d", read, only)
}

// strictForm returns a dictionary in the one form that signature bases have.
func strictForm(t *testing.T, value string) (string, error) {
	t.Helper()
	c, err := signature.ParseComponent(`"content-digest";sf`)
	if err != nil {
		t.Fatal(err)
	}
	s := signature.Signature{Components: []signature.Component{c}}
	base, err := s.Base(&signature.Message{Headers: [][2]string{{"content-digest", value}}})
	base = strings.TrimPrefix(base, `"content-digest";sf: `)
	return strings.TrimSuffix(base, "\n\"@signature-params\": "), err
}

var decimalOrDate = regexp.MustCompile(`[0-9]\.[0-9]|=@`)

// fieldRule reports whether ours refuses a dictionary although httpsfv reads it: because it is empty,
// names something twice, has a decimal or a date, or writes base64 in another way.
func fieldRule(value string, d *httpsfv.Dictionary) bool {
	return len(d.Names()) == 0 || hasNameTwice(value) || decimalOrDate.MatchString(value) || hasLaxBase64(value) ||
		strings.Contains(value, `=%"`)
}

var anyName = regexp.MustCompile(`[a-z*][a-z0-9_.*-]*`)

// hasNameTwice reports whether a name occurs twice, if only in different places.
func hasNameTwice(value string) bool {
	names := anyName.FindAllString(value, -1)
	slices.Sort(names)
	return len(slices.Compact(slices.Clone(names))) < len(names)
}
