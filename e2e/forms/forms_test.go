//go:build forms

package forms

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/modelgate/modelgate/internal/scan"
)

var (
	count = flag.Int("n", 4000, "how many forms to generate")
	seed  = flag.Uint64("seed", 1, "of the forms: the same seed makes the same forms")
)

// form is the media type and the body of a request.
type form struct{ mediaType, body string }

var watched = []scan.Key{{Name: "model"}}

// scanned is what the scanner reports of a form that comes in chunks; why says why it has
// refused the form, if it has.
func scanned(random *rand.Rand, f form) (got found, why string) {
	boundary, ok := scan.Boundary(f.mediaType)
	if !ok {
		return nil, "boundary"
	}
	m := scan.NewMultipart(boundary, watched, scan.Limits{})
	for rest := []byte(f.body); len(rest) > 0; {
		n := min(len(rest), 1+random.IntN(64))
		if err := m.Scan(rest[:n]); err != nil {
			return nil, err.Kind.String()
		}
		rest = rest[n:]
	}
	if err := m.End(); err != nil {
		return nil, err.Kind.String()
	}
	if v := m.Values()[0]; v.Present {
		return found{v.Text}, ""
	}
	return found{}, ""
}

// same reports whether two readers have found the same.
func same(a, b found) bool { return fmt.Sprint(a) == fmt.Sprint(b) && len(a) == len(b) }

// divided reports whether readers have found different models in one form.
func divided(all []found) bool {
	for _, a := range all {
		for _, b := range all {
			if a != nil && b != nil && !same(a, b) {
				return true
			}
		}
	}
	return false
}

func TestForms(t *testing.T) {
	random := rand.New(rand.NewPCG(*seed, 1))
	forms := make([]form, *count)
	for i := range forms {
		forms[i] = writer{random}.form()
	}
	w := startReaders(t, forms)
	accepted, disagreements, split := 0, 0, 0
	refusals, ofReader := map[string]int{}, make([]int, len(readers))
	for _, f := range forms {
		read := w.answer(f)
		got, why := scanned(random, f)
		if why != "" {
			refusals[why]++
			if divided(read) {
				split++
			}
			continue
		}
		accepted++
		for i, r := range read {
			if r == nil {
				ofReader[i]++
			} else if !same(got, r) {
				if disagreements++; disagreements < 10 {
					t.Errorf("%q %q: the scanner finds %q, %s %q", f.mediaType, f.body, got, readers[i], r)
				}
			}
		}
	}
	t.Logf("seed %d: %d forms, %d accepted, disagreements %d; of the refused, %d are read in several ways", *seed, len(forms), accepted,
		disagreements, split)
	t.Logf("refused: %v", refusals)
	for i, n := range ofReader {
		t.Logf("accepted, but refused by %s: %d", readers[i], n)
	}
	for _, k := range []scan.Kind{scan.Syntax, scan.Encoding, scan.Truncated, scan.Trailing, scan.Duplicate, scan.Twin, scan.Type,
		scan.TooLong} {
		if len(forms) >= 100_000 && refusals[k.String()] == 0 {
			t.Errorf("no form was refused as %s", k)
		}
	}
	if accepted < len(forms)/5 || split < len(forms)/50 {
		t.Errorf("of %d forms %d are accepted, and %d of the refused are read in several ways", len(forms), accepted, split)
	}
}

// Forms in which these readers find different models: the run above would notice if the
// scanner accepted one.
func TestFormsDivide(t *testing.T) {
	const mediaType, end = "multipart/form-data; boundary=B", "\r\n--B--\r\n"
	part := func(head, text string) string { return "--B\r\n" + head + "\r\n\r\n" + text }
	const of = "Content-Disposition: form-data; name="
	model := part(of+`"model"`, "a")
	forms := []form{
		{mediaType, model + "\r\n" + part(of+`"model[]"`, "b") + end},
		{mediaType, model + "\r\n" + part(of+`"x"; name="model"`, "b") + end},
		{mediaType, model + "\r\n" + part(of+`"x"`+"\r\n"+of+`"model"`, "b") + end},
		{mediaType, model + "\r\n" + part(of+`"mod\el"`, "b") + end},
		{mediaType, part(of+`"model"; filename=""`, "a") + end},
		{mediaType, part(of+`"model"`+"\r\nContent-Type: application/octet-stream", "a") + end},
		{mediaType, part(of+`"model"`+"\r\nContent-Transfer-Encoding: base64", "YQ==") + end},
		{mediaType, part(of+`"model"`+"\r\nContent-Type: text/plain; charset=utf-16", "a\x00") + end},
		{mediaType, part("Content-Disposition: form-data;\r\n name=\"model\"", "a") + end},
		{mediaType, part("Content-Disposition: attachment; name=\"model\"", "a") + end},
		{mediaType, model + "\n--B\r\n" + of + "\"x\"\r\n\r\nb" + end},
		{mediaType, model + " \r\n--B \r\n" + of + "\"model\"\r\n\r\nb" + end},
		{mediaType, "x\r\n" + model + end},
		{mediaType, model + end + model + end},
		{mediaType, model + "\r\n--B"},
		{mediaType + "; charset=utf-16", model + "\x00" + end},
		{mediaType + "; boundary=C", model + end},
		{"multipart/mixed; boundary=B", model + end},
	}
	w := startReaders(t, forms)
	for _, f := range forms {
		read := w.answer(f)
		alike := true
		for _, r := range read {
			alike = alike && (r == nil) == (read[0] == nil) && same(r, read[0])
		}
		if got, why := scanned(rand.New(rand.NewPCG(1, 1)), f); why == "" || alike {
			t.Errorf("%q %q: found %q, refused as %q, read as %q", f.mediaType, f.body, got, why, read)
		}
	}
}
