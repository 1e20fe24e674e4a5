// Package signatures holds internal/signature to two independent libraries for HTTP
// Message Signatures, one in Go and one in Python, on the examples of RFC 9421 and on
// requests and responses with mutations.
package signatures

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	httpsig "github.com/remitly-oss/httpsig-go"

	"github.com/modelgate/modelgate/e2e/internal/process"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/signature"
)

// request is one signed request as three readers see it; or a response, which has a status and
// the request that it answers.
type request struct {
	method, authority, path string
	status                  string
	of                      *request
	headers                 [][2]string // names in lower case
	body                    string
	algorithm, keyID, label string   // with which it was signed
	components              []string // with which it is to be signed by verify.py
}

// A verdict is "" for a request that is taken, or why it is not.
type verdict string

// ours is what internal/signature says: of the signature, and of the content if it has a digest.
func (r *request) ours(t *testing.T) verdict {
	t.Helper()
	signatures, err := signature.Parse(r.headers)
	if err != nil {
		return verdict(err.Error())
	}
	m := r.message()
	for i := range signatures {
		s := &signatures[i]
		if s.Label != r.label {
			continue
		}
		if s.KeyID != r.keyID {
			return "another key"
		}
		if err := s.Verify(m, verificationKey(t, r.algorithm, r.keyID), nil); err != nil {
			return verdict(err.Error())
		}
		digest, err := signature.ParseDigest(r.headers)
		if digest != nil {
			digest.Write([]byte(r.body))
			err = digest.Check()
		}
		if err != nil {
			return verdict(err.Error())
		}
		return ""
	}
	return "no signature with this label"
}

// message is what ours signs and verifies.
func (r *request) message() *signature.Message {
	if r.of != nil {
		return &signature.Message{Status: r.status, Headers: r.headers, Request: r.of.message()}
	}
	return &signature.Message{Method: r.method, Scheme: "https", Authority: r.authority, Path: r.path, Headers: r.headers}
}

// golang is what github.com/remitly-oss/httpsig-go says. It panics on a parameter of another type
// than it expects.
func (r *request) golang(t *testing.T) (v verdict) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			v = verdict(fmt.Sprint("panic: ", p))
		}
	}()
	profile := httpsig.VerifyProfile{SignatureLabel: r.label, DisableTimeEnforcement: true}
	body, header := io.NopCloser(strings.NewReader(r.body)), http.Header{}
	for _, h := range r.headers {
		header.Add(h[0], strings.Trim(h[1], " \t"))
	}
	if r.of != nil {
		status, err := strconv.Atoi(r.status)
		if err == nil {
			_, err = httpsig.VerifyResponse(&http.Response{StatusCode: status, Header: header, Body: body}, fetcher{t, r}, profile)
		}
		return verdictOf(err)
	}
	method, authority, path := r.target(r.headers)
	u, err := url.ParseRequestURI(path)
	if err == nil {
		_, err = httpsig.Verify(&http.Request{Method: method, Host: authority, URL: u, Header: header, Body: body}, fetcher{t, r}, profile)
	}
	return verdictOf(err)
}

func verdictOf(err error) verdict {
	if err != nil {
		return verdict(err.Error())
	}
	return ""
}

// target is the method, the authority and the path that the libraries see. They refuse some that
// are none; but what a signature among headers does not cover is not what it is about.
func (r *request) target(headers [][2]string) (method, authority, path string) {
	method, authority, path = "GET", "a.example", "/"
	for _, h := range headers {
		if h[0] != "signature-input" {
			continue
		}
		if strings.Contains(h[1], `"@method"`) {
			method = r.method
		}
		if strings.Contains(h[1], `"@authority"`) || strings.Contains(h[1], `"@target-uri"`) {
			authority = r.authority
		}
		for _, name := range []string{`"@path"`, `"@query`, `"@request-target"`, `"@target-uri"`} {
			if strings.Contains(h[1], name) {
				path = r.path
			}
		}
	}
	return method, authority, path
}

// fetcher gives httpsig-go the key of a request.
type fetcher struct {
	t *testing.T
	r *request
}

func (f fetcher) FetchByKeyID(_ context.Context, _ http.Header, keyID string) (httpsig.KeySpecer, error) {
	if keyID != f.r.keyID {
		return nil, fmt.Errorf("no key %q", keyID)
	}
	spec := httpsig.KeySpec{KeyID: keyID, Algo: httpsig.Algorithm(f.r.algorithm)}
	if secret, ok := privateKey(f.t, keyID).([]byte); ok {
		spec.Secret = secret
	} else {
		spec.PubKey = privateKey(f.t, keyID).(crypto.Signer).Public()
	}
	return spec, nil
}

func (f fetcher) Fetch(context.Context, http.Header, httpsig.MetadataProvider) (httpsig.KeySpecer, error) {
	return nil, fmt.Errorf("no keyid")
}

// findPython returns a Python with http-message-signatures.
func findPython(t *testing.T) string {
	t.Helper()
	path, err := testbed.Tool("../..", "httpsig")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// python is the long-lived process of verify.py.
type python struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

func startPython(t *testing.T) *python {
	t.Helper()
	in, out := process.Reader(t, exec.Command(findPython(t), "verify.py", examples))
	return &python{t: t, in: in, out: bufio.NewScanner(out)}
}

// verify returns what http-message-signatures says of each request.
func (p *python) verify(requests []*request) []verdict {
	p.t.Helper()
	verdicts := make([]verdict, len(requests))
	for i, text := range p.ask(requests) {
		if text != "ok" {
			verdicts[i] = verdict(text)
		}
	}
	return verdicts
}

// ask returns the lines that answer requests.
func (p *python) ask(requests []*request) []string {
	p.t.Helper()
	go func() { // an error shows as a missing answer
		w := bufio.NewWriter(p.in)
		for _, r := range requests {
			w.Write(append(r.json(), '\n'))
		}
		w.Flush()
	}()
	answers := make([]string, len(requests))
	for i := range answers {
		if !p.out.Scan() {
			p.t.Fatalf("verify.py ended after %d answers", i)
		}
		answers[i] = p.out.Text()
	}
	return answers
}

// json writes a request for verify.py, its bytes as Latin-1.
func (r *request) json() []byte {
	latin1 := func(s string) string {
		runes := make([]rune, len(s))
		for i := range len(s) {
			runes[i] = rune(s[i])
		}
		return string(runes)
	}
	plain := func(r *request, signed [][2]string) map[string]any {
		headers := make([][2]string, len(r.headers))
		for i, h := range r.headers {
			headers[i] = [2]string{latin1(h[0]), latin1(h[1])}
		}
		method, authority, path := r.target(signed)
		return map[string]any{"method": latin1(method), "url": latin1("https://" + authority + path), "headers": headers}
	}
	message := plain(r, r.headers)
	if r.of != nil {
		message["status"], message["request"] = latin1(r.status), plain(r.of, r.headers)
	}
	message["body"], message["algorithm"], message["label"] = latin1(r.body), r.algorithm, r.label
	if r.components != nil {
		message["url"], message["method"] = "https://"+r.authority+r.path, r.method
		message["components"], message["keyid"] = r.components, r.keyID
	}
	line, err := json.Marshal(message)
	if err != nil || bytes.ContainsRune(line, '\n') {
		panic(err)
	}
	return line
}
