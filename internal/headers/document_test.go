package headers_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/headers"
)

var update = flag.Bool("update", false, "rewrite docs/headers.md")

const document = "../../docs/headers.md"

// sections are the parts of the document.
var sections = []struct {
	title, text string
	kinds       []headers.Kind
}{
	{
		"Credentials",
		"Stripped, unless the route says `\"credentials\": \"forward\"`. The headers from which an issuer reads tokens (`from`) are\n" +
			"credentials too. A request that only its route's shadow lets pass keeps its credentials; one that a grant or a deny in\n" +
			"shadow lets pass loses them.",
		[]headers.Kind{headers.Credential},
	},
	{
		"Who calls",
		"Always stripped. The gate writes those that `identity` names, from verified values. `from` may name those that carry a\n" +
			"token, and `relay` the others.",
		[]headers.Kind{headers.Assertion, headers.Identity},
	},
	{
		"Which model",
		"They must name what the path, the host or the body names; otherwise the answer is 400 `identity_conflict`. Then they are\n" +
			"stripped. The gate writes `modelHeader`. `headers.models` adds others.",
		[]headers.Kind{headers.Model, headers.ModelBase64, headers.Service, headers.Namespace},
	},
	{
		"Which server",
		"Always stripped.",
		[]headers.Kind{headers.Destination},
	},
	{
		"What is asked for",
		"Always stripped: they override the method, the path or the host.",
		[]headers.Kind{headers.Override},
	},
}

func render() string {
	b := &strings.Builder{}
	b.WriteString(`<!-- Written by: go test ./internal/headers -update. Edit internal/headers/known.go. -->
# Headers that do not reach the upstream

The gate removes these from every request that it forwards, and refuses them as trailers. A name counts in every spelling
that a server could take for it: ` + "`-` or `_`" + `, small or capital letters. A name that ends in ` + "`*`" + ` is a prefix.
` + "`headers.strip`" + ` of the configuration adds names and prefixes. ` + "`headers.keep`" + ` lets some through in their usual
spelling: then the upstream gets what the client wrote, and must not believe it. It cannot
name a credential, or what the gate reads or writes.
`)
	for _, s := range sections {
		fmt.Fprintf(b, "\n## %s\n\n%s\n\n| header | it | read in |\n|---|---|---|\n", s.title, s.text)
		for _, kind := range s.kinds {
			for _, h := range headers.Known {
				if h.Kind == kind {
					fmt.Fprintf(b, "| `%s` | %s | %s |\n", h.Name, kind, h.Source)
				}
			}
		}
	}
	return b.String()
}

// TestDocument compares docs/headers.md with the table.
func TestDocument(t *testing.T) {
	want := render()
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the table says: run go test ./internal/headers -update", document)
	}
	if rows := strings.Count(want, "\n| `"); rows != len(headers.Known) {
		t.Errorf("the document has %d rows, want %d: every kind has a section", rows, len(headers.Known))
	}
}
