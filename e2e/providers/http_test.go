//go:build providers

package providers

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
)

// start runs a command that ends with the test, and waits until it takes connections.
func start(t *testing.T, addr string, command *exec.Cmd) {
	t.Helper()
	startOn(t, "tcp", addr, command)
}

// startOn is start for any kind of address.
func startOn(t *testing.T, network, addr string, command *exec.Cmd) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr, command.SysProcAttr = log, log, harness.DieWithParent()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		command.Process.Kill()
		log.Close()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s:\n%s", command.Path, text[max(0, len(text)-4000):])
		}
	})
	eventually(t, command.Path+" listens", func() bool {
		select {
		case err := <-ended:
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("%s ended: %v\n%s", command.Path, err, text)
		default:
		}
		conn, err := net.DialTimeout(network, addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// eventually waits for what comes in its own time.
func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(harness.Patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if true() {
			return
		}
	}
	t.Fatalf("not so after %v: %s", harness.Patience, what)
}

// browser keeps cookies, and shows redirections instead of following them.
type browser struct {
	t      *testing.T
	client *http.Client
}

func newBrowser(t *testing.T) *browser {
	jar, _ := cookiejar.New(nil) // it has no error
	return &browser{t, &http.Client{Jar: jar, Timeout: harness.Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// do sends a request and returns the answer with its body.
func (b *browser) do(method, address, contentType, body string, set ...func(*http.Request)) (*http.Response, string) {
	b.t.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("content-type", contentType)
	}
	for _, f := range set {
		f(request)
	}
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if response.StatusCode >= 400 {
		b.t.Fatalf("%s %s: %s\n%s", method, address, response.Status, text)
	}
	return response, string(text)
}

// goes gets a page and returns where it sends the browser.
func (b *browser) goes(address string) string { return b.posts(address, nil) }

// posts sends a form, or gets a page without one, and returns where it sends the browser.
func (b *browser) posts(address string, form url.Values) string {
	b.t.Helper()
	method, contentType := "GET", ""
	if form != nil {
		method, contentType = "POST", "application/x-www-form-urlencoded"
	}
	response, text := b.do(method, address, contentType, form.Encode())
	to, err := response.Location()
	if err != nil {
		b.t.Fatalf("%s %s leads nowhere: %s\n%s", method, address, response.Status, text)
	}
	return to.String()
}

// callback is where a code is sent to. Nothing listens there.
const callback = "http://127.0.0.1:1/callback"

// codeRequest is the address at which a browser asks for a code.
func codeRequest(endpoint, client string) string {
	return endpoint + "?" + url.Values{"client_id": {client}, "response_type": {"code"}, "redirect_uri": {callback},
		"scope": {"openid email"}, "state": {"0123456789abcdef"}, "nonce": {"0123456789abcdef"}}.Encode()
}

// grant is the answer of a token endpoint.
type grant struct {
	AccessToken string `json:"access_token"`
	IDToken     string `json:"id_token"`
}

// tokensFor asks a token endpoint.
func tokensFor(t *testing.T, endpoint, client string, form url.Values) (g grant) {
	t.Helper()
	_, text := newBrowser(t).do("POST", endpoint, "application/x-www-form-urlencoded", form.Encode(),
		func(r *http.Request) { r.SetBasicAuth(client, "s3cret") })
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		t.Fatal(err)
	}
	return g
}

var machineGrant = url.Values{"grant_type": {"client_credentials"}}

// codeGrant is the form that redeems the code in the address of a callback.
func codeGrant(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Query().Get("code") == "" {
		t.Fatalf("no code in %s", address)
	}
	return url.Values{"grant_type": {"authorization_code"}, "code": {u.Query().Get("code")}, "redirect_uri": {callback}}
}

// getter returns what a URL answers.
func getter(address string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		_, text := newBrowser(t).do("GET", address, "", "")
		return text
	}
}

// keyID is the kid of a token.
func keyID(t *testing.T, token string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	var header struct{ Kid string }
	if err == nil {
		err = json.Unmarshal(raw, &header)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", token, err))
	}
	return header.Kid
}
