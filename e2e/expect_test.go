package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestExpectContinue: a client that sends its body only once it has been asked for it gets an
// answer, although the gate holds the head until it has read the body. Envoy asks for the body
// itself; with proxy_100_continue, which Istio sets, the server must, and so needs the head.
func TestExpectContinue(t *testing.T) {
	const fixed, byBody = "/fixed/v1/chat/completions", "/v1/chat/completions"
	for _, c := range []struct {
		proxied bool // proxy_100_continue
		path    string
	}{
		{false, byBody}, {false, fixed}, {true, fixed},
	} {
		t.Run(fmt.Sprintf("proxied=%v%s", c.proxied, c.path), func(t *testing.T) {
			t.Parallel()
			s := load(t, "openai")
			s.Config = edit.Insert(t, s.Config, "/routes/0", `{"protocol": "openai", "base": "/fixed/v1", "service": "prod/llm"}`)
			envoy, servers := runWith(t, s, harness.Options{Edit: func(tree map[string]any) {
				allowHolding(tree)
				eachObject(tree, func(o map[string]any) {
					if _, ok := o["http_filters"]; ok {
						o["proxy_100_continue"] = c.proxied
					}
				})
			}})
			ana := map[string]any{"email": "ana@example.com", "email_verified": true}
			token, err := s.Mint(corpus.Token{Issuer: "corp", Claims: ana}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			servers["llm"].Answer("{}")
			unauthorized := "401"
			if !c.proxied { // Envoy asks before any filter has seen the head
				unauthorized = "100 401"
			}
			const host = "llm-kserve-workload-svc.prod.svc.cluster.local"
			for _, ask := range []struct{ token, model, want string }{
				{token, "meta-llama/Llama-3.1-8B", "100 200"},
				{token, "meta-llama/Llama-3.1-70B", "100 403"},
				{"x", "meta-llama/Llama-3.1-8B", unauthorized},
			} {
				head := fmt.Sprintf("POST %s HTTP/1.1\r\nhost: %s\r\nauthorization: Bearer %s\r\ncontent-type: application/json\r\n",
					c.path, host, ask.token)
				if got := sendWhenAsked(t, envoy.Addr(), head, `{"model":"`+ask.model+`"}`); got != ask.want {
					t.Errorf("%s: %s, want %s\n%s", ask.model, got, ask.want, tail(envoy.Log()))
				}
			}
			for _, r := range servers["llm"].Requests() {
				if r.BodyBytes > 0 && r.BodyBytes != int64(len(`{"model":"meta-llama/Llama-3.1-8B"}`)) {
					t.Errorf("the server got %+v", r)
				}
			}
		})
	}
}

// sendWhenAsked sends a head, and the body once a 100 has come. It returns the statuses.
func sendWhenAsked(t *testing.T, addr, head, body string) (statuses string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	fmt.Fprintf(conn, "%scontent-length: %d\r\nexpect: 100-continue\r\n\r\n", head, len(body))
	reader := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses + err.Error()
		}
		if response.StatusCode != 100 {
			return statuses + fmt.Sprint(response.StatusCode)
		}
		statuses += "100 "
		io.WriteString(conn, body)
	}
}
