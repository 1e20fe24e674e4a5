package scan

import (
	"strings"
	"testing"
)

// form writes the parts of a form with the boundary B: each is a head, an empty line and
// the content, with LF where the form has CRLF. "model=a" is short for a part called model.
func form(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		if name, value, short := strings.Cut(part, "="); short && !strings.Contains(name, ":") {
			part = disposition(name) + "\n\n" + value
		}
		b.WriteString("--B\r\n" + strings.ReplaceAll(part, "\n", "\r\n") + "\r\n")
	}
	return b.String() + "--B--\r\n"
}

func disposition(name string) string { return `Content-Disposition: form-data; name="` + name + `"` }

const wav = "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\nContent-Type: audio/wav\n\nRIFF"

// scanForm scans a form in the given cut. Between chunks it holds the scanner to what
// it has said before.
func scanForm(t testing.TB, boundary string, keys []Key, body string, cut []int) string {
	t.Helper()
	m := NewMultipart(boundary, keys, Limits{Refuses: refusesDraft})
	var before []Value
	chunks([]byte(body), cut, func(chunk []byte) {
		m.Scan(chunk)
		if got := m.Values(); len(got) < len(before) || result(got[:len(before)], nil) != result(before, nil) {
			t.Fatalf("form %q: values %v became %v", body, before, got)
		}
		before = append([]Value(nil), m.Values()...)
	})
	err := m.End()
	if end := m.Complete(); err == nil && (end < 1 || !strings.HasSuffix(body[:end], "\r\n--"+boundary+"--") || strings.Trim(body[end:],
		"\r\n") != "") {
		t.Fatalf("form %q: complete at %d", body, end)
	}
	if again := m.Scan([]byte("x")); err != nil && again != err {
		t.Fatalf("form %q: %v became %v", body, err, again)
	}
	return result(m.Values(), err)
}

func refusesDraft(name []byte) bool { return strings.Contains(string(name), "draft") }

// everyForm is the one answer of every cut.
func everyForm(t testing.TB, boundary string, keys []Key, body string) string {
	t.Helper()
	all := cuts(len(body))
	want := scanForm(t, boundary, keys, body, all[0])
	for _, cut := range all[1:] {
		if got := scanForm(t, boundary, keys, body, cut); got != want {
			t.Fatalf("form %q\n in one: %s\n in %v: %s", body, want, cut, got)
		}
	}
	return want
}

var anyKey = []Key{{Name: "model"}, {Name: "load", ID: 1, Any: true}, {Name: "parameters", Keys: []Key{{Name: "model", ID: 2}}}}

var acceptedForms = []struct{ name, body, want string }{
	{"one part", form("model=a"), `0="a"; ok`},
	{"another part", form("prompt=a"), `0 absent; ok`},
	{"the model first", form("model=a", wav), `0="a"; ok`},
	{"the model last", form(wav, "model=a"), `0="a"; ok`},
	{"an empty model", form("model="), `0=""; ok`},
	{"a name with signs", form("model=meta-llama/Llama-3.1-8b:x@1 $"), `0="meta-llama/Llama-3.1-8b:x@1 $"; ok`},
	{"the longest", form("model=" + long), `0="` + long + `"; ok`},
	{"no CRLF at the end", strings.TrimSuffix(form("model=a"), "\r\n"), `0="a"; ok`},
	{"names that repeat", form("model=a", "image[]=x", "image[]=y", "timestamp_granularities[]=word", "image[]=z"), `0="a"; ok`},
	{"names like it", form("model=a", "models=x", "mode=y", "x-model=z", "_model=q"), `0="a"; ok`},
	{"the order of .NET", form("Content-Type: text/plain; charset=utf-8\nContent-Disposition: form-data; name=model\n\na"), `0="a"; ok`},
	{"a file of .NET", form("model=a", "Content-Disposition: form-data; name=file; filename=a.wav; filename*=utf-8''a.wav\n\nRIFF"),
		`0="a"; ok`},
	{"a file of urllib3", form("model=a", "Content-Disposition: form-data; name=\"file\"; filename*=utf-8''%C3%A9.wav\n\nRIFF"),
		`0="a"; ok`},
	{"a part of OkHttp", form(disposition("model") + "\nContent-Transfer-Encoding: binary\nContent-Type: text/plain; charset=utf-8\n" +
		"Content-Length: 1\n\na"), `0="a"; ok`},
	{"a part of Apache HttpClient", form(disposition("model") + "\nContent-Type: text/plain; charset=ISO-8859-1\n" +
		"Content-Transfer-Encoding: 8bit\n\na"), `0="a"; ok`},
	{"a quoted charset", form(disposition("model") + "\nContent-Type: text/plain;charset=\"US-ASCII\"\n\na"), `0="a"; ok`},
	{"other letters of headers", form("content-disposition:form-data;name=\"model\"\nCONTENT-type:TEXT/plain\n\na"), `0="a"; ok`},
	{"a file called model", form("model=a", `Content-Disposition: form-data; name="file"; filename="model"`+"\n\nx"), `0="a"; ok`},
	{"a file without a name", form("model=a", `Content-Disposition: form-data; name="file"; filename=""`+"\nX-Any: 1\n\n"), `0="a"; ok`},
	{"other names of files", form("model=a", `Content-Disposition: form-data; name="f"; filename="é \"1\";x.wav"`+"\n\nx",
		`Content-Disposition: form-data; name="f"; filename="C:\a\b%22.wav"`+"\n\nx",
		`Content-Disposition: form-data; name="f"; filename="a;b\\"`+"\n\nx",
		`Content-Disposition: form-data; name="f"; filename="a=b"`+"\n\nx"), `0="a"; ok`},
	{"a file in another encoding", form("model=a", disposition("file")+"\nContent-Transfer-Encoding: base64\n\nUklGRg=="), `0="a"; ok`},
	{"line ends and dashes in a file", form("model=a", disposition("file")+"\n\n\n\n--\n-\r--A\x00--\n"), `0="a"; ok`},
	{"what looks like a part in a file", form("model=a", disposition("file")+"\n\nContent-Disposition: form-data; name=\"model\"\n\nb"),
		`0="a"; ok`},
	{"a long file", form(disposition("file")+"\n\n"+strings.Repeat("0123456789-\n\r", 50), "model=a"), `0="a"; ok`},
	{"most parts", form(append(make([]string, 0), many(MaxMembers)...)...), `0 absent; ok`},
}

// many are n parts.
func many(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = "x="
	}
	return all
}

func TestMultipartAccepts(t *testing.T) {
	for _, x := range acceptedForms {
		t.Run(x.name, func(t *testing.T) {
			if got := everyForm(t, "B", model, x.body); got != x.want {
				t.Errorf("form %.300q\n got %s\nwant %s", x.body, got, x.want)
			}
		})
	}
	t.Run("keys of other kinds", func(t *testing.T) {
		body := form("load=", wav, "model=a")
		if got := everyForm(t, "B", anyKey, body); got != `1=""; 0="a"; 2 absent; ok` {
			t.Error(got)
		}
	})
	t.Run("boundaries", func(t *testing.T) {
		for _, boundary := range []string{"-B", "B-", "--0--", strings.Repeat("-", maxBoundary-1) + "x", strings.Repeat("ab",
			maxBoundary/2),
			"+_.b-"} {
			body := strings.ReplaceAll(form("model=a", disposition("file")+"\n\n"+strings.Repeat("y", 200)+"- -b", "n=1"), "--B",
				"--"+boundary)
			if got := everyForm(t, boundary, model, body); got != `0="a"; ok` {
				t.Errorf("boundary %q: %s", boundary, got)
			}
		}
	})
}

// Early: the model is known when the delimiter after it ends, and the form is complete with its last dash.
func TestMultipartReportsEarly(t *testing.T) {
	body := form("model=a", wav)
	m := NewMultipart("B", model, Limits{})
	for i := range len(body) {
		if err := m.Scan([]byte{body[i]}); err != nil {
			t.Fatal(err)
		}
		if known := len(m.Values()) == 1; known != (i > strings.Index(body, "a\r\n--B\r\n")+6) {
			t.Errorf("after %q: %v", body[:i+1], m.Values())
		}
		if complete, last := m.Complete(), len(body)-3; i < last && complete != -1 || i >= last && complete != int64(last+1) {
			t.Errorf("after %q: complete at %d", body[:i+1], complete)
		}
	}
}

// Memory: it does not grow with a file, and no chunk of one is allocated for.
func TestMultipartKeepsNoFile(t *testing.T) {
	m := NewMultipart("B", model, Limits{})
	m.Scan([]byte(strings.TrimSuffix(form("model=a", wav), "\r\n--B--\r\n")))
	before, chunk := m.Bytes(), []byte(strings.Repeat("01-\r\n--", chunkSize/7))
	if n := testing.AllocsPerRun(100, func() {
		if err := m.Scan(chunk); err != nil {
			t.Fatal(err)
		}
	}); n != 0 || m.Bytes() != before || before > 2<<10 {
		t.Errorf("%v allocations a chunk; %d bytes, before %d", n, m.Bytes(), before)
	}
}
