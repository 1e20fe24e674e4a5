// Package parsers compares the scanners with the parsers of model servers. For each
// generated body that a scanner accepts, every parser must select the model that the
// scanner reports, or refuse the body. The gate itself is compared with Envoy's own reader of
// models, ai_protocol_manager.
//
//	go test ./parsers                          a short run
//	go test ./parsers -v -args -n 1000000 -seed 7
package parsers

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/modelgate/modelgate/internal/scan"
)

var (
	count = flag.Int("n", 100_000, "how many bodies of each kind to generate")
	seed  = flag.Uint64("seed", 1, "of the bodies: the same seed makes the same bodies")
)

var watched = []scan.Key{{Name: "model", ID: 0}, {Name: "parameters", Keys: []scan.Key{{Name: "model", ID: 1}}}}

// jsonReaders in the order in which their answers are kept.
var jsonReaders = []string{"Python json", "orjson", "encoding/json into a map", "encoding/json into a struct", "gjson"}

// scanned is what the scanner reports of a document that comes in chunks.
func scanned(w writer, doc []byte) (selected, *scan.Error) {
	j := scan.NewJSON(watched, scan.Limits{})
	for rest := doc; len(rest) > 0; {
		n := min(len(rest), 1+w.IntN(64))
		if err := j.Scan(rest[:n]); err != nil {
			return refused, err
		}
		rest = rest[n:]
	}
	s := selected{"?", "?"}
	for _, v := range j.Values() {
		if s[v.ID] = "A"; v.Present {
			s[v.ID] = "S" + v.Text
		}
	}
	return s, j.End()
}

// disagrees tells whether a reader takes another model than the scanner from a
// document that both accept. What is absent in a map may be so in a struct too.
func disagrees(scanner, reader selected) bool { return reader != refused && reader != scanner }

func TestJSON(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(*seed, 1))}
	docs := make([][]byte, *count)
	for i := range docs {
		docs[i] = w.document()
	}
	p := startPython(t)
	go p.send(docs)
	accepted, disagreements, split := 0, 0, 0
	refusals, ofReader := map[scan.Kind]int{}, make([]int, len(jsonReaders))
	for _, doc := range docs {
		read := []selected{p.answer(), p.answer(), goMap(doc), goStruct(doc), first(doc)}
		got, err := scanned(w, doc)
		if err != nil {
			refusals[err.Kind]++
			if divided(read) {
				split++
			}
			continue
		}
		accepted++
		for i, r := range read {
			if r == refused {
				ofReader[i]++
			}
			if disagrees(got, r) {
				if disagreements++; disagreements < 10 {
					t.Errorf("%q: the scanner reports %q, %s selects %q", doc, got, jsonReaders[i], r)
				}
			}
		}
	}
	t.Logf("seed %d: %d documents, %d accepted, disagreements %d; of the refused, %d are read in several ways", *seed, len(docs), accepted,
		disagreements, split)
	t.Logf("refused: %v; accepted, but refused by %s", refusals, byReader(ofReader))
	for _, k := range []scan.Kind{scan.Syntax, scan.Encoding, scan.Truncated, scan.Trailing, scan.Duplicate, scan.Twin, scan.Type,
		scan.TooDeep, scan.TooLong} {
		if len(docs) >= 100_000 && refusals[k] == 0 {
			t.Errorf("no document was refused as %s", k)
		}
	}
	if accepted < len(docs)/5 || split < len(docs)/100 || ofReader[2] > 0 {
		t.Errorf("of %d documents %d are accepted, and %d of the refused are read in several ways; encoding/json refuses %d", len(docs),
			accepted, split, ofReader[2])
	}
}

// divided tells whether readers take different models from one document.
func divided(read []selected) bool {
	for _, a := range read {
		for _, b := range read {
			if a != refused && disagrees(a, b) {
				return true
			}
		}
	}
	return false
}

func byReader(n []int) string {
	s := ""
	for i, r := range jsonReaders {
		s += fmt.Sprintf("%s: %d, ", r, n[i])
	}
	return s
}

// Documents from which these readers take different models: the run above
// would notice if the scanner accepted one.
func TestJSONDivides(t *testing.T) {
	docs := [][]byte{
		[]byte(`{"model":"a","model":"b"}`), []byte(`{"model":"a","Model":"b"}`), []byte(`{"model":"a","m\u006fdel":"b"}`),
		[]byte(`{"model":"a","MODEL":null}`), []byte(`{"MODEL":"a"}`),
		[]byte(`{"model":null}`), []byte(`{"parameters":{"model":"a"},"parameters":{}}`),
		[]byte(`{"parameters":{"model":"a"},"parameters":{"x":1}}`), []byte(`{"parameter\u017f":{"model":"a"}}`),
		[]byte(`{"model":"a"}{"model":"b","model":"c"}`), []byte(`{"model":"\ud800"}`), []byte("{\"model\":\"\xff\"}"),
		[]byte("\ufeff{\"model\":\"a\"}"), []byte(`{"model":"a",}`), []byte(`{"model":"a","x":NaN}`),
	}
	p := startPython(t)
	go p.send(docs)
	for _, doc := range docs {
		python, or := p.answer(), p.answer()
		read := []selected{python, or, goMap(doc), goStruct(doc), first(doc)}
		alike := true
		for _, r := range read {
			alike = alike && r == read[0]
		}
		if _, err := scanned(writer{rand.New(rand.NewPCG(1, 1))}, doc); err == nil || alike {
			t.Errorf("%s: refused with %v, read as %q", doc, err, read)
		}
	}
}
