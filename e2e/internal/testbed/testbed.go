// Package testbed runs the examples in a real Envoy: the module built from these
// sources for one of its two hosts, keys and tokens made for the run, and upstreams that say what they
// got. Its tests are the project's last word; cmd/demo shows the same to a
// person.
package testbed

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// Root finds the repository from a directory inside it.
func Root() (string, error) {
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, missing := os.Stat(filepath.Join(dir, "build", "tools", "wasm")); missing == nil {
			return dir, nil
		}
		dir = filepath.Dir(dir)
	}
	return "", fmt.Errorf("not inside the repository: %w", os.ErrNotExist)
}

// Tool returns what a script below build/tools prints: the path of what it has installed. The
// first time it may take minutes and the network.
func Tool(root, script string, arguments ...string) (string, error) {
	command := exec.Command(filepath.Join(root, "build", "tools", script), arguments...)
	command.Stderr = os.Stderr
	path, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("build/tools/%s: %w", strings.Join(append([]string{script}, arguments...), " "), err)
	}
	return strings.TrimSpace(string(path)), nil
}

// Ask sends a case's request to Envoy and puts the answer in the words of the
// corpus.
func Ask(ctx context.Context, addr string, config *tls.Config, proto rawhttp.Proto, r corpus.Request) (corpus.Outcome, error) {
	conn, err := rawhttp.Dial(ctx, addr, config, proto)
	if err != nil {
		return corpus.Outcome{}, err
	}
	defer conn.Close()
	return AskOn(ctx, conn, r)
}

// AskOn is Ask on a connection that stays open.
func AskOn(ctx context.Context, conn *rawhttp.Conn, r corpus.Request) (corpus.Outcome, error) {
	response, err := conn.Do(ctx, rawhttp.Request{
		Method: r.Method, Path: r.Path, Authority: r.Authority,
		NoHost: r.Authority == "", Headers: r.Headers, Trailers: r.Trailers, Body: []byte(r.Body),
	})
	if err != nil {
		return corpus.Outcome{}, err
	}
	return Outcome(response)
}

// Proto returns HTTP/2 for gRPC, which needs it, and HTTP/1.1 otherwise.
func Proto(r corpus.Request) rawhttp.Proto {
	for _, h := range r.Headers {
		if h[0] == "content-type" && strings.HasPrefix(h[1], "application/grpc") {
			return rawhttp.H2
		}
	}
	return rawhttp.H1
}

// Outcome converts an answer of the upstream or of the gate to the form of the corpus.
func Outcome(r rawhttp.Response) (corpus.Outcome, error) {
	via, challenge := r.Headers.Get("x-upstream"), r.Headers.Get("www-authenticate")
	switch {
	case r.Reset:
		return corpus.Outcome{Line: fmt.Sprintf("reset %d", r.ResetCode)}, nil
	case via == "" && r.Headers.Get("grpc-status") != "":
		return corpus.Outcome{Line: "grpc " + r.Headers.Get("grpc-status") + " " + r.Headers.Get("grpc-message"), Challenge: challenge}, nil
	case via == "":
		return corpus.Outcome{Line: corpus.RefusedReply(r.Status, string(r.Body)), Challenge: challenge}, nil
	}
	o := corpus.Outcome{
		Line:  corpus.Allowed(r.Headers.Get("x-upstream-authority"), r.Headers.Get("x-upstream-path")),
		Via:   via,
		Reply: string(r.Body),
	}
	var got struct {
		Headers [][2]string `json:"headers"`
	}
	if encoded := r.Headers.Get("x-upstream-headers"); encoded != "" { // gRPC, whose body is its own
		seen, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return o, err
		}
		return o, json.Unmarshal(seen, &o.Headers)
	}
	if err := json.Unmarshal(r.Body, &got); err != nil {
		return o, fmt.Errorf("what the upstream got: %w", err)
	}
	o.Headers = append([][2]string{}, got.Headers...)
	return o, nil
}

// Upstreams starts one recording server a cluster.
func Upstreams(names ...string) (servers map[string]*upstream.Server, addrs map[string]string, err error) {
	servers, addrs = map[string]*upstream.Server{}, map[string]string{}
	for _, name := range names {
		s, err := upstream.Start(name)
		if err != nil {
			return servers, addrs, err
		}
		servers[name], addrs[name] = s, s.Addr
	}
	return servers, addrs, nil
}
