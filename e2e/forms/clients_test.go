//go:build forms

package forms

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClients: the scanner finds the model in what the common clients write.
func TestClients(t *testing.T) {
	dir := installed(t)
	for _, script := range []string{"clients.py", "clients.mjs"} {
		out, err := command(dir, script).Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			var sent [3]string // the name, the media type and the body
			if err := json.Unmarshal([]byte(line), &sent); err != nil {
				t.Fatal(err)
			}
			body, err := base64.StdEncoding.DecodeString(sent[2])
			if err != nil {
				t.Fatal(err)
			}
			check(t, sent[0], form{sent[1], string(body)})
		}
	}
	for _, filename := range []string{"a.wav", `é "1";x.wav`, `C:\a\b.wav`, "model"} {
		check(t, "mime/multipart "+filename, writtenByGo(t, filename))
	}
	check(t, "curl", writtenByCurl(t))
}

func check(t *testing.T, name string, f form) {
	t.Run(name, func(t *testing.T) {
		if got, why := scanned(rand.New(rand.NewPCG(1, 1)), f); why != "" || !same(got, found{"base"}) {
			t.Errorf("%q %q: found %q, refused as %q", f.mediaType, f.body, got, why)
		}
	})
}

func writtenByGo(t *testing.T, filename string) form {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("model", "base"); err != nil {
		t.Fatal(err)
	}
	file, err := w.CreateFormFile("file", filename)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("RIFF\r\n--\x00")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return form{w.FormDataContentType(), b.String()}
}

func writtenByCurl(t *testing.T) (f form) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		f = form{r.Header.Get("Content-Type"), string(body)}
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), `a "b";c.wav`)
	if err := os.WriteFile(path, []byte("RIFF\r\n--\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := `file=@"` + strings.ReplaceAll(path, `"`, `\"`) + `"`
	out, err := exec.Command("curl", "-sS", "-F", file, "-F", "model=base", "-F", "text=<-;type=text/plain", server.URL).CombinedOutput()
	if err != nil {
		t.Fatalf("curl: %v %s", err, out)
	}
	return f
}
