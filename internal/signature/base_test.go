package signature_test

import (
	"strings"
	"testing"

	. "github.com/modelgate/modelgate/internal/signature"
)

// request is the message of the tables below: RFC 9421 sections 2.1 to 2.2.
func request(path string) *Message {
	return &Message{
		Method: "POST", Scheme: "https", Authority: "www.example.com", Path: path,
		Headers: [][2]string{
			{":method", "POST"}, {":path", path},
			{"date", "Tue, 20 Apr 2021 02:07:56 GMT"},
			{"x-ows-header", "   Leading and trailing whitespace. \t "},
			{"cache-control", "max-age=60"},
			{"example-dict", "  a=1,    b=2;x=1;y=2,   c=(a   b    c), d"},
			{"cache-control", "   must-revalidate"},
			{"x-empty-header", " "},
			{"example-header", "value, with, lots"},
			{"example-header", "of, commas"},
			{"content-digest", "sha-256=:AA==:,sha-512=:AQ==:;p=?1"},
			{"x-bytes", "caf\xe9"},
			{"x-line", "a\nb"},
			{"x-nul", "a\x00"},
			{"x-del", "a\x7f"},
			{"x-tab", "a\tb"},
			{"x-twice", "a=1"},
			{"x-twice", "a=2"},
			{"x-decimal", "a=1.5"},
		},
	}
}

// values are components and their values in a message.
var values = []struct{ component, path, want string }{
	{`"date"`, "/", "Tue, 20 Apr 2021 02:07:56 GMT"},
	{`"x-ows-header"`, "/", "Leading and trailing whitespace."},
	{`"cache-control"`, "/", "max-age=60, must-revalidate"},
	{`"example-dict"`, "/", "a=1,    b=2;x=1;y=2,   c=(a   b    c), d"},
	{`"example-dict";key="a"`, "/", "1"},
	{`"example-dict";key="d"`, "/", "?1"},
	{`"example-dict";key="b"`, "/", "2;x=1;y=2"},
	{`"example-dict";key="c"`, "/", "(a b c)"},
	{`"x-empty-header"`, "/", ""},
	{`"example-header"`, "/", "value, with, lots, of, commas"},
	{`"example-header";bs`, "/", ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"},
	{`"x-empty-header";bs`, "/", "::"},
	{`"content-digest";sf`, "/", "sha-256=:AA==:, sha-512=:AQ==:;p"},
	{`"content-digest";key="sha-512"`, "/", ":AQ==:;p"},
	{`"x-bytes";bs`, "/", ":Y2Fm6Q==:"},
	{`"x-line";bs`, "/", ":YQpi:"},
	{`"x-tab"`, "/", "a\tb"},
	{`"@method"`, "/", "POST"},
	{`"@scheme"`, "/", "https"},
	{`"@authority"`, "/", "www.example.com"},
	{`"@target-uri"`, "/path?param=value", "https://www.example.com/path?param=value"},
	{`"@request-target"`, "/path?param=value", "/path?param=value"},
	{`"@request-target"`, "/path?", "/path?"},
	{`"@path"`, "/path?param=value", "/path"},
	{`"@path"`, "/", "/"},
	{`"@path"`, "/a%2Fb/../c//d", "/a%2Fb/../c//d"},
	{`"@path"`, "/-._~!$&'()*+,;=:@%7e", "/-._~!$&'()*+,;=:@%7e"},
	{`"@query"`, "/path?param=value&foo=bar&baz=bat%2Dman", "?param=value&foo=bar&baz=bat%2Dman"},
	{`"@query"`, "/path?queryString", "?queryString"},
	{`"@query"`, "/path", "?"},
	{`"@query"`, "/path??", "??"},
	{`"@query-param";name="baz"`, "/path?param=value&foo=bar&baz=batman&qux=", "batman"},
	{`"@query-param";name="qux"`, "/path?param=value&foo=bar&baz=batman&qux=", ""},
	{`"@query-param";name="qux"`, "/path?qux", ""},
	{`"@query-param";name="param"`, "/path?&&param=value&", "value"},
	{`"@query-param";name="var"`, "/p?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something",
		"this%20is%20a%20big%0Amultiline%20value"},
	{`"@query-param";name="bar"`, "/p?var=x&bar=with+plus+whitespace", "with%20plus%20whitespace"},
	{`"@query-param";name="fa%C3%A7ade%22%3A%20"`, "/p?fa%c3%a7ade%22:+=something", "something"},
	{`"@query-param";name="a"`, "/p?a=b=c~*-._", "b%3Dc%7E*-._"},
	{`"@query-param";name=""`, "/p?=x", "x"},
}

// noValues are components that have no value, or more than one reading.
var noValues = []struct{ component, path, want string }{
	{`"x-none"`, "/", "absent"},
	{`"x-none";bs`, "/", "absent"},
	{`"x-none";key="a"`, "/", "absent"},
	{`"signature";sf`, "/", "absent"},
	{`"example-dict";key="z"`, "/", "absent"},
	{`":method"`, "/", "malformed"},
	{`"x-bytes"`, "/", "unsupported"},
	{`"x-line"`, "/", "unsupported"},
	{`"x-nul"`, "/", "unsupported"},
	{`"x-del"`, "/", "unsupported"},
	{`"date";key="a"`, "/", "malformed"},
	{`"x-twice";key="a"`, "/", "malformed"},
	{`"x-decimal";key="a"`, "/", "malformed"},
	{`"@status"`, "/", "unsupported"},
	{`"@path";req`, "/", "unsupported"},
	{`"date";req`, "/", "unsupported"},
	{`"@path"`, "", "unsupported"},
	{`"@path"`, "*", "unsupported"},
	{`"@path"`, "path", "unsupported"},
	{`"@path"`, "?x", "unsupported"},
	{`"@path"`, "/a b", "unsupported"},
	{`"@path"`, "/a#b", "unsupported"},
	{`"@path"`, "/a%", "unsupported"},
	{`"@path"`, "/a%4", "unsupported"},
	{`"@path"`, "/a%4g", "unsupported"},
	{`"@path"`, "/a|b", "unsupported"},
	{`"@path"`, `/a"b`, "unsupported"},
	{`"@path"`, "/[a]", "unsupported"},
	{`"@path"`, "/a?b|c", "unsupported"},
	{`"@query"`, "/a?b%zz", "unsupported"},
	{`"@path"`, "/a\xe9", "unsupported"},
	{`"@path"`, "https://www.example.com/", "unsupported"},
	{`"@query"`, "/path?", "unsupported"},
	{`"@query"`, "/?a\n", "unsupported"},
	{`"@request-target"`, "*", "unsupported"},
	{`"@target-uri"`, "*", "unsupported"},
	{`"@query-param";name="x"`, "/path", "absent"},
	{`"@query-param";name="x"`, "/path?", "absent"},
	{`"@query-param";name="x"`, "/path?X=1", "absent"},
	{`"@query-param";name="x"`, "/path?x=1&x=1", "unsupported"},
	{`"@query-param";name="x"`, "/path?x=1&%78=2", "unsupported"},
	{`"@query-param";name="x"`, "/path?x=%ff&%", "absent"},
	{`"@query-param";name="x"`, "/path?x=%ff", "unsupported"},
	{`"@query-param";name="x"`, "/path?x=1&%ff=2", "unsupported"},
	{`"@query-param";name="%78"`, "/path?x=1", "absent"},
	{`"@query-param";name="%"`, "/path?%25=1", "absent"},
	{`"@query-param";name="%zz"`, "/path?x=1", "absent"},
	{`"@query-param";name="a b"`, "/path?a+b=1", "absent"},
	{`"@query-param";name="%c3%a7"`, "/path?%c3%a7=1", "absent"},
	{`"@query-param";name=""`, "/path?&", "absent"},
}

// baseOver returns the signature base over one component, without its last line.
func baseOver(m *Message, component string) (string, error) {
	signatures, err := Parse(headersOf("signature-input: a=("+component+")", "signature: a=:AA==:"))
	if err != nil {
		return "", err
	}
	base, err := signatures[0].Base(m)
	return strings.TrimSuffix(base, "\n\"@signature-params\": ("+component+")"), err
}

func TestBase(t *testing.T) {
	for _, tt := range values {
		if got, err := baseOver(request(tt.path), tt.component); err != nil || got != tt.component+": "+tt.want {
			t.Errorf("Base(%s, %s) = %q, %v, want %q", tt.component, tt.path, got, err, tt.want)
		}
	}
	for _, tt := range noValues {
		if _, err := baseOver(request(tt.path), tt.component); text(err) != "signature: "+tt.component+": "+tt.want &&
			!(tt.want == "malformed" && strings.HasSuffix(text(err), ": malformed")) {
			t.Errorf("Base(%s, %q) = %v, want %s", tt.component, tt.path, err, tt.want)
		}
	}
}

// The name of the host is in lower case, and the port is left out that the scheme has.
func TestAuthority(t *testing.T) {
	for _, tt := range []struct{ scheme, authority, want, targetURI string }{
		{"https", "a.example", "a.example", "https://a.example/"},
		{"https", "A.Example", "a.example", ""},
		{"https", "a.example:443", "a.example", ""},
		{"https", "a.example:80", "a.example:80", "https://a.example:80/"},
		{"http", "a.example:80", "a.example", ""},
		{"http", "a.example:443", "a.example:443", "http://a.example:443/"},
		{"http", "a.example:8080", "a.example:8080", "http://a.example:8080/"},
		{"", "a.example", "a.example", ""},
		{"", "a.example:8080", "a.example:8080", ""},
		{"", "a.example:443", "", ""},
		{"", "a.example:80", "", ""},
		{"HTTPS", "a.example", "a.example", ""},
		{"https", "[::1]", "[::1]", "https://[::1]/"},
		{"https", "[::1]:443", "[::1]", ""},
		{"https", "[::1]:8443", "[::1]:8443", "https://[::1]:8443/"},
		{"https", "127.0.0.1:1", "127.0.0.1:1", "https://127.0.0.1:1/"},
		{"https", "", "", ""},
		{"https", ":443", "", ""},
		{"https", "a.example:", "", ""},
		{"https", "a.example:0443", "", ""},
		{"https", "a.example:x", "", ""},
		{"https", "a.example:-1", "", ""},
		{"https", "a.example:123456", "", ""},
		{"https", "a:b:1", "", ""},
		{"https", "user@a.example", "", ""},
		{"https", "a.example,b.example", "", ""},
		{"https", "[::1", "", ""},
		{"https", "[]", "", ""},
		{"https", "[::1]x", "", ""},
		{"https", "[a.example]", "", ""},
		{"https", "[fe80::1%25eth0]", "", ""},
		{"https", "a.example/x", "", ""},
		{"https", "a.example, b.example", "", ""},
		{"https", "a\xe9.example", "", ""},
	} {
		m := &Message{Method: "GET", Scheme: tt.scheme, Authority: tt.authority, Path: "/"}
		for component, want := range map[string]string{`"@authority"`: tt.want, `"@target-uri"`: tt.targetURI} {
			got, err := baseOver(m, component)
			if want == "" && err == nil || want != "" && got != component+": "+want {
				t.Errorf("Base(%s) of %+v = %q, %v, want %q", component, m, got, err, want)
			}
		}
	}
}

func TestMethodStatusScheme(t *testing.T) {
	for _, method := range []string{"", "GET ", "G\nET", "(", "é", "get", "Get"} {
		if got, err := baseOver(&Message{Method: method}, `"@method"`); err == nil {
			t.Errorf("Base = %q", got)
		}
	}
	for _, scheme := range []string{"", "ftp", "Https", "https:"} {
		if got, err := baseOver(&Message{Scheme: scheme}, `"@scheme"`); err == nil {
			t.Errorf("Base = %q", got)
		}
	}
	for _, status := range []string{"20", "2000", "20x", "020", "200 "} {
		if got, err := baseOver(&Message{Status: status}, `"@status"`); err == nil {
			t.Errorf("Base = %q", got)
		}
	}
}

// Of a response, everything but the status and its own headers needs ;req.
func TestBaseOfResponse(t *testing.T) {
	m := &Message{Status: "200", Headers: headersOf("x: response"), Request: request("/path?a=b")}
	m.Request.Headers = append(m.Request.Headers, [2]string{"x", "request"})
	for component, want := range map[string]string{
		`"@status"`: "200", `"x"`: "response", `"x";req`: "request", `"@path";req`: "/path", `"@query-param";name="a";req`: "b",
		`"content-digest";key="sha-256";req`: ":AA==:", `"x";bs;req`: ":cmVxdWVzdA==:",
	} {
		if got, err := baseOver(m, component); err != nil || got != component+": "+want {
			t.Errorf("Base(%s) = %q, %v, want %q", component, got, err, want)
		}
	}
	for _, component := range []string{`"@path"`, `"@method"`, `"@query-param";name="a"`, `"@status";req`, `"date"`} {
		if got, err := baseOver(m, component); err == nil {
			t.Errorf("Base(%s) = %q, want an error", component, got)
		}
	}
	m.Request = nil
	if got, err := baseOver(m, `"x";req`); err == nil {
		t.Errorf("Base = %q, want an error", got)
	}
}
