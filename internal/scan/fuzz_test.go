package scan

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// FuzzJSON: every cut gives one answer; what is accepted is JSON to
// encoding/json, whose map decode (last wins) and gjson (first wins) select the
// strings that were reported; what encoding/json calls valid is refused only
// for a reason beyond its own.
func FuzzJSON(f *testing.F) {
	for _, x := range acceptedJSON {
		if len(x.doc) < 500 {
			f.Add(x.doc)
		}
	}
	f.Fuzz(func(t *testing.T, doc string) {
		everyJSON(t, deep, doc)
		compareJSON(t, doc)
	})
}

func compareJSON(t *testing.T, doc string) {
	t.Helper()
	j := NewJSON(deep, Limits{})
	j.Scan([]byte(doc))
	if err := j.End(); err != nil {
		beyond := []Kind{Encoding, Duplicate, Twin, Type, TooDeep, TooMany, TooLong}
		if err.Offset < 0 || err.Offset > int64(len(doc)) || json.Valid([]byte(doc)) && !slices.Contains(beyond, err.Kind) {
			t.Fatalf("JSON %q: %v", doc, err)
		}
		return
	}
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	var last map[string]any
	if err := d.Decode(&last); err != nil || !json.Valid([]byte(doc)) {
		t.Fatalf("JSON %q is accepted, but %v", doc, err)
	}
	parameters, _ := last["parameters"].(map[string]any)
	extra, _ := parameters["extra"].(map[string]any)
	want := []any{last["model"], last["task"], parameters["model"], extra["kind"]}
	first := gjson.GetMany(doc, "model", "task", "parameters.model", "parameters.extra.kind")
	if len(j.Values()) != len(want) {
		t.Fatalf("JSON %q: values %v", doc, j.Values())
	}
	for _, v := range j.Values() {
		text, present := want[v.ID].(string)
		if v.Present != present || v.Text != text || first[v.ID].Exists() != present || first[v.ID].Str != text {
			t.Fatalf("JSON %q: %+v, encoding/json selects %v, gjson %s", doc, v, want[v.ID], first[v.ID].Raw)
		}
	}
}

// FuzzFrames: every cut gives one answer, and it is that of a reader which has
// the whole body.
func FuzzFrames(f *testing.F) {
	f.Add(frameAB+frameEmpty+frameAB[:6], false)
	f.Fuzz(func(t *testing.T, body string, unary bool) {
		const limit = 300
		got := everyFrames(t, unary, limit, body)
		n, rest := 0, body
		for len(rest) >= frameHeader && rest[0] == 0 && !(unary && n == 1) {
			size := binary.BigEndian.Uint32([]byte(rest[1:]))
			if size > limit || int(size) > len(rest)-frameHeader {
				break
			}
			rest = rest[frameHeader+size:]
			n++
		}
		if whole := rest == "" && (n == 1 || !unary); whole != strings.HasSuffix(got, "ok") || strings.Count(got, "@") < n {
			t.Fatalf("frames %q: %d messages and %q left, but %s", body, n, rest, got)
		}
	})
}

// FuzzProto: every cut gives one answer; what is accepted has the values that a
// reader finds which lets the last of two win and looks at nothing else.
func FuzzProto(f *testing.F) {
	for _, x := range acceptedProto {
		if len(x.body) < 500 {
			f.Add(x.body)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		everyProto(t, infer, body)
		everyProto(t, multi, body)
		got := everyProto(t, predict, body)
		if !strings.HasSuffix(got, "ok") {
			return
		}
		p := NewProto(predict, len(body), Limits{})
		p.Scan([]byte(body))
		for _, v := range p.Values() {
			spec := last(t, []byte(body), 1)
			want := Value{ID: v.ID}
			switch inner := last(t, spec, []uint64{1, 2, 4}[v.ID]); {
			case inner == nil:
			case v.ID == 1:
				n, _ := binary.Uvarint(last(t, inner, 1))
				want.Present, want.Int = true, int64(n)
			default:
				want.Present, want.Text = true, string(inner)
			}
			if v != want {
				t.Fatalf("proto %q: %+v, want %+v", body, v, want)
			}
		}
	})
}

// last is the value of the last field of a number, nil if there is none: the
// bytes of a varint or of a length-delimited one.
func last(t *testing.T, body []byte, number uint64) (value []byte) {
	t.Helper()
	next := func() uint64 {
		v, n := binary.Uvarint(body)
		if n <= 0 {
			t.Fatalf("no integer in %q", body)
		}
		body = body[n:]
		return v
	}
	for len(body) > 0 {
		tag, skip, content := next(), uint64(0), body
		switch tag & 7 {
		case 0:
			next()
		case 1:
			skip = 8
		case 2:
			skip = next()
			content = body
		case 5:
			skip = 4
		}
		body = body[skip:]
		if tag>>3 == number {
			value = content[:len(content)-len(body)]
		}
	}
	return value
}

// FuzzMultipart: every cut gives one answer; what is accepted has, for mime/multipart, the parts
// that were reported, and no other part whose name is like a watched one.
func FuzzMultipart(f *testing.F) {
	for _, x := range acceptedForms {
		if len(x.body) < 500 {
			f.Add("B", x.body)
		}
	}
	for _, x := range refusedForms {
		if len(x.body) < 500 {
			f.Add("B", x.body)
		}
	}
	f.Fuzz(func(t *testing.T, boundary, body string) {
		if got, ok := Boundary(`multipart/form-data; boundary="` + boundary + `"`); !ok || got != boundary {
			return
		}
		if !strings.HasSuffix(everyForm(t, boundary, model, body), "ok") {
			return
		}
		m := NewMultipart(boundary, model, Limits{})
		m.Scan([]byte(body))
		got, want := m.Values()[0], Value{}
		for r := multipart.NewReader(strings.NewReader(body), boundary); ; {
			part, err := r.NextPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("form %q is accepted, but %v", body, err)
			}
			content, err := io.ReadAll(part)
			if err != nil {
				t.Fatalf("form %q is accepted, but %v", body, err)
			}
			switch name := part.FormName(); {
			case name == "" || name != "model" && strings.EqualFold(name, "model"),
				name == "model" && (want.Present || part.FileName() != ""):
				t.Fatalf("form %q is accepted, but has a part %q, file %q", body, name, part.FileName())
			case name == "model":
				want = Value{Present: true, Text: string(content)}
			}
		}
		if got != want {
			t.Fatalf("form %q: %+v, mime/multipart selects %+v", body, got, want)
		}
	})
}

// FuzzBoundary: where there is a boundary, mime finds the same one.
func FuzzBoundary(f *testing.F) {
	for _, s := range []string{"boundary=B", `boundary="=_B"; charset=utf-8`, "charset=UTF-8;boundary=B", "boundary=B; boundary=C",
		`boundary="\B"`} {
		f.Add("multipart/form-data; " + s)
	}
	f.Fuzz(func(t *testing.T, contentType string) {
		boundary, ok := Boundary(contentType)
		if !ok {
			return
		}
		mediaType, parameters, err := mime.ParseMediaType(contentType)
		if err != nil || mediaType != "multipart/form-data" || parameters["boundary"] != boundary || len(boundary) > maxBoundary {
			t.Fatalf("Boundary(%q) = %q, mime: %q, %v, %v", contentType, boundary, mediaType, parameters, err)
		}
	})
}
