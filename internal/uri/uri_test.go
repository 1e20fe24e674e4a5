package uri

import (
	"net/url"
	"testing"
)

var accepted = map[string]URI{
	"https://issuer.example":                       {"https", "issuer.example", "/"},
	"https://issuer.example/":                      {"https", "issuer.example", "/"},
	"https://issuer.example/.well-known/jwks?a=b":  {"https", "issuer.example", "/.well-known/jwks?a=b"},
	"https://issuer.example?a=b":                   {"https", "issuer.example", "/?a=b"},
	"http://127.0.0.1:8080/keys":                   {"http", "127.0.0.1:8080", "/keys"},
	"https://[::1]:8443/keys":                      {"https", "[::1]:8443", "/keys"},
	"https://[2001:db8:0:0:1:2:3:4]/keys":          {"https", "[2001:db8:0:0:1:2:3:4]", "/keys"},
	"HTTPS://Issuer.example/Keys":                  {"https", "Issuer.example", "/Keys"},
	"https://issuer.example/a%20b/(c);d=e,f/@g:~h": {"https", "issuer.example", "/a%20b/(c);d=e,f/@g:~h"},
	"https://keys_1.example/a//b/../c":             {"https", "keys_1.example", "/a//b/../c"},
}

var refused = []string{
	"", "issuer.example", "//issuer.example/", "/keys", "https:", "https:/", "https://", "https:///keys", "https://?a", "https:issuer.example",
	"ftp://issuer.example/", "file:///keys", "javascript://issuer.example/", " https://issuer.example", "https ://issuer.example",
	"https://user@issuer.example/", "https://user:word@issuer.example/", "https://issuer.example/#a", "https://issuer.example#a",
	"https://issuer.example:", "https://issuer.example:a", "https://issuer.example:-1", "https://issuer.example:123456", "https://a:1:2/",
	"https://:443/", "https://[::1/", "https://::1/", "https://[::1]x/", "https://[::1]:/", "https://[]/",
	"https://[1:2]/", "https://[:1:2:3:4:5:6:7:8]/",
	"https://[1:2:3:4:5:6:7:8:9]/", "https://[1::2::3]/", "https://[12345::]/", "https://[g::]/",
	"https://[fe80::1%25en0]/", "https://[::1.2.3.4]/",
	"https://issuer.example/a b", "https://issuer.example/\t", "https://issuer.example/\x7f",
	"https://issuer.example/é", "https://issuér.example/",
	"https://issuer%2eexample/", "https://issuer.example/%", "https://issuer.example/%a", "https://issuer.example/%zz",
	"https://issuer.example/a?%",
	`https://issuer.example/"`, `https://issuer.example\keys`, `https://issuer.example/\`,
	"https://issuer.example/<>", "https://issuer.example/{a}",
	"https://issuer.example/^", "https://issuer.example/`", "https://issuer.example/[a]", "https://issuer.example,b/",
}

func TestParse(t *testing.T) {
	for text, want := range accepted {
		t.Run(text, func(t *testing.T) {
			if got, ok := Parse(text); !ok || got != want {
				t.Errorf("got %+v, %t; want %+v", got, ok, want)
			}
		})
	}
	for _, text := range refused {
		t.Run(text, func(t *testing.T) {
			if got, ok := Parse(text); ok {
				t.Errorf("got %+v; want none", got)
			}
		})
	}
}

// FuzzParse checks that net/url reads the same parts from each URI that Parse accepts.
func FuzzParse(f *testing.F) {
	for text := range accepted {
		f.Add(text)
	}
	for _, text := range refused {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := Parse(text)
		if !ok {
			return
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%q: net/url: %v", text, err)
		}
		if want := (URI{u.Scheme, u.Host, u.RequestURI()}); got != want || u.User != nil || u.Hostname() == "" || u.Fragment != "" {
			t.Errorf("%q: got %+v; net/url has %+v", text, got, want)
		}
	})
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a+b/c": "a+b/c", "%2F": "/", "%2fa%2F": "/a/", "%25%32%46": "%2F", "%00%ff%0A": "\x00\xff\n",
	} {
		t.Run(text, func(t *testing.T) {
			if got, ok := Unescape(text); !ok || got != want {
				t.Errorf("got %q, %t; want %q", got, ok, want)
			}
		})
	}
	for _, text := range []string{"%", "%2", "a%", "%zz", "%2g", "%%2F", "% 2"} {
		t.Run(text, func(t *testing.T) {
			if got, ok := Unescape(text); ok {
				t.Errorf("got %q; want none", got)
			}
		})
	}
}

// FuzzUnescape checks that net/url unescapes alike, and refuses what Unescape refuses.
func FuzzUnescape(f *testing.F) {
	for _, text := range []string{"", "%2f", "%2Fa%", "%zz%41", "a+b%20c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := Unescape(text)
		want, err := url.PathUnescape(text)
		if ok != (err == nil) || got != want {
			t.Errorf("%q: got %q, %t; net/url has %q, %v", text, got, ok, want, err)
		}
	})
}
