package gate_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
)

// FuzzOrigin holds the parser of origins to net/url: what it takes is a scheme and a host, and
// is written as a browser writes it.
func FuzzOrigin(f *testing.F) {
	for _, s := range strings.Fields(`https://app.example.com http://localhost:3000 http://[::1]:8080 chrome-extension://abc null * https://
		https://a/ https://A https://a:443 http://a:80 https://a@b https://a?b https://a#b :// a://b:99999999 https://a:b http://[::1`) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !gate.IsOrigin(text) {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme+"://"+u.Host != text || u.Host == "" || u.User != nil || strings.ToLower(text) != text {
			t.Errorf("IsOrigin(%q): net/url reads %+v, %v", text, u, err)
		}
	})
}
