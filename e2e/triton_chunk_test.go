package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestGrantedBeforeForbidden: one frame of data has messages that are granted, and then one that
// is not. The granted ones reach the server to the last byte, and then the stream is reset.
func TestGrantedBeforeForbidden(t *testing.T) {
	for _, holds := range []bool{false, true} {
		t.Run(fmt.Sprintf("holds=%v", holds), func(t *testing.T) {
			t.Parallel()
			got := make(chan string, 1)
			addr := serveBytes(t, got)
			s := load(t, "triton-stream")
			options := harness.Options{
				Bootstrap: filepath.Join(s.Dir, "envoy.yaml"), PluginConfig: s.Config, Module: shipped, Upstreams: map[string]string{"grpc": addr},
			}
			if holds {
				options.PluginConfig = edit.Set(t, s.Config, "/host", `{"holdHeaders": true}`)
				options.Edit = allowHolding
			}
			envoy, err := harness.StartEnvoy(options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(envoy.Stop)
			x := &triton{scenario: s, envoy: envoy}
			x.bearer = x.mint(t, nil)
			good, bad := frames(t, "1:asr 3:1", "1:tts 2:2 3:2"), frames(t, "1:llm 3:3", "1:asr 3:4")
			for i, c := range []struct {
				first, then, want, arrives string
				answers                    bool // the server has begun to answer
			}{
				{first: good + bad, arrives: good, want: "7 grant_missing"},
				{first: good, then: good + bad, arrives: good + good, want: "7 grant_missing"},
				{first: good, then: good + bad, arrives: good + good, want: "reset", answers: true},
			} {
				if outcome := x.exchange(t, c.first, c.then, c.answers); outcome != c.want {
					t.Errorf("case %d: %q, want %q", i, outcome, c.want)
				}
				select {
				case arrived := <-got:
					if arrived != c.arrives {
						t.Errorf("case %d: the server got %q, want %q", i, arrived, c.arrives)
					}
				case <-time.After(harness.Patience):
					t.Errorf("case %d: the server got nothing\n%s", i, tail(envoy.Log()))
				}
			}
		})
	}
}

// serveBytes is a server that reads a body to its end, whatever that is, and tells what it read.
// It begins to answer first if the request asks for that.
func serveBytes(t *testing.T, got chan<- string) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-answer") != "" {
			w.Header().Set("content-type", "application/grpc")
			w.(http.Flusher).Flush()
		}
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	})}
	server.Protocols.SetUnencryptedHTTP2(true)
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

// exchange sends a stream in one frame or two, the second once the server has begun to answer
// or the first is sent. It returns how the stream ends.
func (x *triton) exchange(t *testing.T, first, then string, answers bool) (outcome string) {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	reader, writer := io.Pipe()
	defer writer.Close()
	request, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+x.envoy.Addr()+streamInfer, reader)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "models.example.com"
	request.Header.Set("content-type", "application/grpc")
	request.Header.Set(x.bearer[0], x.bearer[1])
	if answers {
		request.Header.Set("x-answer", "1")
	}
	begun := make(chan struct{})
	go func() {
		io.WriteString(writer, first)
		if answers {
			<-begun
		}
		if then != "" {
			io.WriteString(writer, then)
		}
	}()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	close(begun)
	outcome = response.Header.Get("grpc-status") + " " + response.Header.Get("grpc-message")
	if answers {
		if _, err := io.ReadAll(response.Body); err != nil {
			outcome = "reset"
		}
	}
	return outcome
}
