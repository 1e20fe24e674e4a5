package gate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

const (
	listModels = "GET /llm/v1/models"
	listReply  = `{"data":[{"id":"free"},{"id":"a"},{"id":"no"}]}`
)

// replyOf is the head of a reply in JSON.
func replyOf(status string, more ...pair) []pair {
	return append([]pair{{":status", status}, {"content-type", "application/json"}}, more...)
}

// TestListings: a caller learns of the models that it may use. A reply that cannot be
// trimmed is withheld: by an answer if its head can wait, and by a reset if it cannot.
func TestListings(t *testing.T) {
	ok := replyOf("200", pair{"content-length", "45"}, pair{"etag", `"1"`}, pair{"x-kept", "1"})
	const withheld, unchanged = "list_withheld", "unchanged"
	for _, holding := range []bool{true, false} {
		g, s := load(t, bodyWorld(t, holding))
		anonymous := head(listModels)
		known := head(listModels, bearer(t, s, corp(nil)),
			pair{"accept-encoding", "gzip"},
			pair{"Range", "bytes=0-1"},
			pair{"if_none_match", "x"},
			pair{"if-modified-since", "x"},
			pair{"accept", "*/*"},
		)
		for _, c := range []struct {
			name  string
			h     *gate.Head
			reply []pair
			body  string
			want  string
		}{
			{"a caller", known, ok, listReply, `{"object":"list","data":[{"id":"free"},{"id":"a"}]}`},
			{"nobody", anonymous, ok, listReply, `{"object":"list","data":[{"id":"free"}]}`},
			{"another document", known, ok, `{"data":{}}`, withheld},
			{"no body", known, ok, "", withheld},
			{"a long body", known, ok, `{"data":[]}` + strings.Repeat(" ", 4<<20), withheld},
			{"compressed", known, replyOf("200", pair{"content-encoding", "gzip"}), listReply, withheld},
			{"another type", known, []pair{{":status", "200"}, {"content-type", "text/html"}}, listReply, withheld},
			{"no type", known, []pair{{":status", "200"}}, listReply, withheld},
			{"status 206", known, replyOf("206"), listReply, withheld},
			{"status 304", known, replyOf("304"), "", withheld},
			{"status 2000", known, replyOf("2000"), listReply, withheld},
			{"no status", known, replyOf(""), listReply, withheld},
			{"two statuses", known, replyOf("200", pair{":status", "404"}), listReply, withheld},
			{"status 404", known, replyOf("404"), "", withheld},
			{"status 503", known, replyOf("503"), "", withheld},
		} {
			t.Run(fmt.Sprintf("holding %v/%s", holding, c.name), func(t *testing.T) {
				env := gate.Env{Now: now, Keys: g.Keys()}
				x := beginListing(t, g, env, c.h)
				step := x.Respond(env, c.reply, false)
				begun := step.Act == gate.Hold && step.Head
				if step.Act == gate.Hold {
					checkReplyHead(t, step, begun, holding, c.reply)
					half := len(c.body) / 2
					if step = x.Body(env, gate.Downstream, []byte(c.body[:half]), false); step.Act == gate.Hold {
						step = x.Body(env, gate.Downstream, []byte(c.body[half:]), true)
					}
				}
				got := string(step.Body)
				switch {
				case step.Act == gate.Forward && step.Body == nil:
					got = unchanged
				case step.Act != gate.Forward:
					got = step.Reason.String()
					if (step.Act == gate.Reset) != begun {
						t.Errorf("the last step = act %d, want a reset: %v", step.Act, begun)
					}
				}
				if got != c.want {
					t.Errorf("the client gets %s, want %s", got, c.want)
				}
			})
		}
	}
}

// TestErrorsInsteadOfListings: an error keeps its status, and nothing else.
func TestErrorsInsteadOfListings(t *testing.T) {
	g, s := load(t, bodyWorld(t, true))
	env := gate.Env{Now: now, Keys: g.Keys()}
	operator := bearer(t, s, corp(nil))
	overHTTP, overGRPC := head(listModels, operator), head("POST /inference.GRPCInferenceService/RepositoryIndex", operator, grpcType)
	secret := pair{"grpc-message", "model secret is gone"}
	for _, c := range []struct {
		name     string
		h        *gate.Head
		reply    []pair
		trailers []pair
		status   int
		grpc     int
	}{
		{"404", overHTTP, replyOf("404", pair{"x-model", "secret"}), nil, 404, 14},
		{"429", overHTTP, replyOf("429"), nil, 429, 14},
		{"503", overHTTP, replyOf("503"), nil, 503, 14},
		{"500", overHTTP, replyOf("500"), nil, 500, 14},
		{"304", overHTTP, replyOf("304"), nil, 502, 14},
		{"no number", overHTTP, replyOf("4xx"), nil, 502, 14},
		{"trailers only", overGRPC, []pair{{":status", "200"}, grpcType, {"grpc-status", "5"}, secret}, nil, 502, 5},
		{"no code", overGRPC, []pair{{":status", "200"}, grpcType, {"grpc-status", "x"}, secret}, nil, 502, 14},
		{"trailers", overGRPC, []pair{{":status", "200"}, grpcType}, []pair{{"grpc-status", "13"}, secret}, 502, 13},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := beginListing(t, g, env, c.h)
			step := x.Respond(env, c.reply, c.h == overGRPC && c.trailers == nil)
			if c.trailers != nil {
				step = x.Trailers(env, gate.Downstream, c.trailers)
			}
			if step.Act != gate.Refuse || step.Reason != reason.ListWithheld || step.Reply.Status != c.status || step.Reply.GRPC != c.grpc {
				t.Errorf("the client gets %s with %d, grpc %d, want list_withheld with %d, grpc %d",
					step.Reason, step.Reply.Status, step.Reply.GRPC, c.status, c.grpc)
			}
			if strings.Contains(step.Reply.Body, "secret") {
				t.Errorf("the client gets %q", step.Reply.Body)
			}
		})
	}
}

// beginListing begins a request that lists models: its reply must be whole.
func beginListing(t *testing.T, g *gate.Gate, env gate.Env, h *gate.Head) *gate.Exchange {
	t.Helper()
	x, step := g.Begin(env, h)
	if step.Act != gate.Forward || !x.NeedsResponse() {
		t.Fatalf("Begin = %s, NeedsResponse() = %v, want allowed and true", step.Reason, x.NeedsResponse())
	}
	for _, name := range []string{"accept-encoding", "range", "if-none-match", "if-modified-since"} {
		if got := arrivals(sent(h, step), name); got != nil {
			t.Errorf("%s arrives as %q, want none", name, got)
		}
	}
	return x
}

// checkReplyHead checks what Respond does to the head of a reply that may be trimmed.
func checkReplyHead(t *testing.T, step gate.Step, begun, holding bool, reply []pair) {
	t.Helper()
	if begun == holding {
		t.Errorf("Respond forwards the head: %v, want %v", begun, !holding)
	}
	if !slices.Contains(step.Edit.Set, pair{"cache-control", "no-store"}) {
		t.Errorf("Respond sets %q, want cache-control: no-store", step.Edit.Set)
	}
	hasLength := arrivals(reply, "content-length") != nil
	if slices.Contains(step.Edit.Remove, "x-kept") || slices.Contains(step.Edit.Remove, "content-length") != hasLength {
		t.Errorf("Respond removes %q of %q", step.Edit.Remove, reply)
	}
}

// TestNotListed: other requests about models are decided by their head.
func TestNotListed(t *testing.T) {
	for _, holding := range []bool{true, false} {
		g, _ := load(t, bodyWorld(t, holding))
		for _, line := range []string{
			"GET /llm/v1/models/a",      // one model
			"POST /v2/repository/index", // a list of models that nobody may use without a credential
		} {
			if _, step := begin(g, head(line)); step.Reason != reason.CredentialMissing {
				t.Errorf("Begin(%s) = %s, want credential_missing", line, step.Reason)
			}
		}
	}
}
