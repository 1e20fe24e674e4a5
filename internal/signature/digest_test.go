package signature_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strings"
	"testing"

	. "github.com/modelgate/modelgate/internal/signature"
)

const hello = `{"hello": "world"}`

// acceptedDigests agree with their content. Most are of RFC 9530: sections 2 and 3, appendices B.1 to B.3;
// and of RFC 9421 section B.2.
var acceptedDigests = []struct{ content, value string }{
	{hello + "\n", `sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:`},
	{hello + "\n", `sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:`},
	{hello + "\n", `sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:, ` +
		`sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:`},
	{"", `sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:`},
	{`"world"}` + "\n", `sha-256=:jjcgBDWNAtbYUXI37CVG3gRuGOAjaaDRGpIUFsdyepQ=:`},
	{hello, `sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:`},
	{hello, `sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:`},
	{`{"message": "good dog"}`, `sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:`},
	{`{"busy": true, "message": "Your call is very important to us"}`,
		`sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfwnHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:`},
	{hello, `md5=:AA==:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:`},                 // the other is passed over
	{hello, `sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=: , unixsum=:AQ==:, crc32c=::`}, // wherever it stands
}

// refusedDigests are not read.
var refusedDigests = []struct{ value, want string }{
	{``, "malformed"},
	{`sha-256`, "malformed"},
	{`sha-256=:`, "malformed"},
	{`sha-256=::`, "malformed"},
	{`sha-256=:AA==:`, "malformed"},
	{`sha-512=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:`, "malformed"}, // the length of the other
	{`sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=`, "malformed"},   // RFC 3230's form
	{`SHA-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:`, "malformed"},
	{`sha-256="X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="`, "malformed"},
	{`sha-256=(:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:)`, "malformed"},
	{`sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:;q=1`, "malformed"},
	{`sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE:`, "malformed"},  // not padded
	{`sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPF=:`, "malformed"}, // bits behind the end
	{`sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:,`, "malformed"},
	{`sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:`, "malformed"},
	{`sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, md5=1`, "malformed"},
	{`a=::,b=::,c=::,d=::,e=::,f=::,g=::,h=::,i=::`, "malformed"},
	{`md5=:Sd/dVLAcvNLSq16eXua5uQ==:`, "unsupported"},
	{`sha=:07CavjDP4u3/TungoUHJO/Wzr4c=:, unixsum=:AQ==:`, "unsupported"},
	{`sha-384=:AA==:`, "unsupported"},
}

func TestDigest(t *testing.T) {
	for _, tt := range acceptedDigests {
		headers := headersOf("content-digest: " + tt.value)
		for size := 1; size <= len(tt.content)+1; size += 7 {
			if got := check(t, headers, tt.content, size); got != "" {
				t.Errorf("%q, %s in pieces of %d: %s", tt.content, tt.value, size, got)
			}
		}
		for i := range tt.content { // no byte of it may change
			changed := tt.content[:i] + string(tt.content[i]^1) + tt.content[i+1:]
			for _, content := range []string{changed, tt.content[:i]} {
				if got := check(t, headers, content, 100); got != "signature: content-digest: does not match the content" {
					t.Errorf("%q, %s: %s", content, tt.value, got)
				}
			}
		}
		if check(t, headers, tt.content+"x", 100) == "" {
			t.Errorf("%s matches more than its content", tt.value)
		}
	}
	for _, tt := range refusedDigests {
		if _, err := ParseDigest(headersOf("content-digest: " + tt.value)); text(err) != "signature: content-digest: "+tt.want {
			t.Errorf("ParseDigest(%s) = %v, want %s", tt.value, err, tt.want)
		}
	}
}

// All known digests must agree, on one line or on two.
func TestDigestsThatDisagree(t *testing.T) {
	right, wrong := sha256.Sum256([]byte(hello)), sha512.Sum512([]byte("other"))
	a, b := "sha-256=:"+base64.StdEncoding.EncodeToString(right[:])+":", "sha-512=:"+base64.StdEncoding.EncodeToString(wrong[:])+":"
	for _, lines := range [][]string{{a + ", " + b}, {b + "," + a}, {a, b}, {b, a}} {
		var headers [][2]string
		for _, line := range lines {
			headers = append(headers, [2]string{"content-digest", line})
		}
		if got := check(t, headers, hello, 5); got != "signature: content-digest: does not match the content" {
			t.Errorf("%q: %q", lines, got)
		}
	}
}

// check returns the error of content that comes in pieces.
func check(t *testing.T, headers [][2]string, content string, size int) string {
	t.Helper()
	d, err := ParseDigest(headers)
	if err != nil {
		return text(err)
	}
	for rest := content; rest != ""; rest = rest[min(size, len(rest)):] {
		d.Write([]byte(rest[:min(size, len(rest))]))
	}
	return text(d.Check())
}

func TestNoDigest(t *testing.T) {
	if d, err := ParseDigest(headersOf("digest: sha-256=AA==", "repr-digest: sha-256=:AA==:")); d != nil || err != nil {
		t.Errorf("ParseDigest = %v, %v", d, err)
	}
	if (&Digest{}).Check() == nil {
		t.Error("the zero Digest agrees")
	}
}

func TestSum(t *testing.T) {
	for _, algorithm := range []string{SHA256, SHA512} {
		s := NewSum(algorithm)
		s.Write([]byte(hello[:5]))
		s.Write([]byte(hello[5:]))
		if got := check(t, headersOf("content-digest: "+s.Header()), hello, 100); got != "" || !strings.HasPrefix(s.Header(), algorithm+"=:") {
			t.Errorf("%s: %q", s.Header(), got)
		}
	}
	if NewSum("md5") != nil {
		t.Error("there is a Sum by md5")
	}
}

func TestWantedDigest(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{`sha-256=1`, SHA256}, // RFC 9530 section 4
		{`sha-512=3, sha-256=10, unixsum=0`, SHA256},
		{`sha-512=10, sha-256=3`, SHA512},
		{`sha-512=5, sha-256=5`, SHA256},
		{`sha-256=5, sha-512=5`, SHA256},
		{`sha-512=1`, SHA512},
		{`sha-512=1, sha-256=0`, SHA512},
		{`md5=10, sha-512=1`, SHA512},
		{`sha-256=0`, ""},
		{`sha-256=0, sha-512=0`, ""},
		{`md5=10`, ""},
		{`sha-256=11`, ""},
		{`sha-256=-1`, ""},
		{`sha-256=1.0`, ""},
		{`sha-256`, ""},
		{`sha-256="1"`, ""},
		{`sha-256=(1)`, ""},
		{`sha-256=1,`, ""},
		{``, ""},
	} {
		if got := WantedDigest(headersOf("want-content-digest: " + tt.value)); got != tt.want {
			t.Errorf("WantedDigest(%s) = %q, want %q", tt.value, got, tt.want)
		}
	}
	if got := WantedDigest(nil); got != "" {
		t.Error(got)
	}
}

// FuzzDigest checks that nothing agrees with content but a value with its digest.
func FuzzDigest(f *testing.F) {
	for _, tt := range acceptedDigests {
		f.Add(tt.value, tt.content)
	}
	for _, tt := range refusedDigests {
		f.Add(tt.value, hello)
	}
	f.Fuzz(func(t *testing.T, value, content string) {
		d, err := ParseDigest(headersOf("content-digest: " + value))
		if err != nil || d == nil {
			return
		}
		d.Write([]byte(content))
		a, b := sha256.Sum256([]byte(content)), sha512.Sum512([]byte(content))
		if d.Check() == nil && !strings.Contains(value, base64.StdEncoding.EncodeToString(a[:])) &&
			!strings.Contains(value, base64.StdEncoding.EncodeToString(b[:])) {
			t.Fatalf("%q agrees with %q", value, content)
		}
	})
}
