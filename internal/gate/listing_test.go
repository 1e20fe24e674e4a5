package gate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// TestListings: who may use one model learns of that one; a reply that cannot be
// cut down is withheld, by an answer where its head can wait and by a reset
// where it has gone.
func TestListings(t *testing.T) {
	const list, jsonReply = "GET /llm/v1/models", `{"data":[{"id":"free"},{"id":"a"},{"id":"no"}]}`
	ok := []pair{{":status", "200"}, {"content-type", "application/json"}, {"content-length", "45"}, {"etag", `"1"`}, {"x-kept", "1"}}
	status := func(code string, more ...pair) []pair {
		return append([]pair{{":status", code}, {"content-type", "application/json"}}, more...)
	}
	for _, host := range []string{holding, ""} {
		g, s := load(t, bodies(host))
		token := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}
		h := head(list, token, pair{"accept-encoding", "gzip"}, pair{"Range", "bytes=0-1"}, pair{"if_none_match", "x"}, pair{"if-modified-since", "x"}, pair{"accept", "*/*"})
		for _, c := range []struct {
			h     *gate.Head
			reply []pair
			body  string
			want  string
		}{
			{h, ok, jsonReply, `{"object":"list","data":[{"id":"free"},{"id":"a"}]}`}, {head(list), ok, jsonReply, `{"object":"list","data":[{"id":"free"}]}`},
			{h, ok, `{"data":{}}`, "list_withheld"}, {h, ok, "", "list_withheld"}, {h, ok, `{"data":[]}` + strings.Repeat(" ", 4<<20), "list_withheld"},
			{h, status("200", pair{"content-encoding", "gzip"}), jsonReply, "list_withheld"}, {h, []pair{{":status", "200"}, {"content-type", "text/html"}}, jsonReply, "list_withheld"}, {h, []pair{{":status", "200"}}, jsonReply, "list_withheld"},
			{h, status("206"), jsonReply, "list_withheld"}, {h, status("304"), "", "list_withheld"}, {h, status("2000"), jsonReply, "list_withheld"}, {h, status(""), jsonReply, "list_withheld"}, {h, status("200", pair{":status", "404"}), jsonReply, "list_withheld"},
			{h, status("404"), "", "as it is"}, {h, status("503"), "", "as it is"},
		} {
			env := gate.Env{Now: now, Keys: g.Keys()}
			x, step := g.Begin(env, c.h)
			if step.Act != gate.Forward || !x.NeedsResponse() {
				t.Fatalf("Begin(%v) = %s", c.h.Pairs, step.Reason)
			}
			for _, name := range []string{"accept-encoding", "range", "if-none-match", "if-modified-since"} {
				if got := arrivals(sent(c.h, step), name); got != nil {
					t.Errorf("%s arrives as %q", name, got)
				}
			}
			step = x.Respond(env, c.reply, false)
			begun := step.Act == gate.Hold && step.Head
			if step.Act == gate.Hold {
				if want := host == ""; begun != want || !slices.Contains(step.Edit.Set, pair{"cache-control", "no-store"}) || slices.Contains(step.Edit.Remove, "x-kept") || slices.Contains(step.Edit.Remove, "content-length") != (len(c.reply) > 3) {
					t.Errorf("Respond(%v) = %+v", c.reply, step)
				}
				half := len(c.body) / 2
				if step = x.Body(env, gate.Downstream, []byte(c.body[:half]), false); step.Act == gate.Hold {
					step = x.Body(env, gate.Downstream, []byte(c.body[half:]), true)
				}
			}
			got := string(step.Body)
			switch {
			case step.Act == gate.Forward && step.Body == nil:
				got = "as it is"
			case step.Act != gate.Forward:
				if got = step.Reason.String(); (step.Act == gate.Reset) != begun || step.Reason != reason.ListWithheld {
					t.Errorf("%q of %v: %d %s", c.body[:min(len(c.body), 40)], c.reply, step.Act, step.Reason)
				}
			}
			if got != c.want {
				t.Errorf("%q: %q of %v = %s, want %s", host, c.body[:min(len(c.body), 40)], c.reply, got, c.want)
			}
		}
		if _, step := begin(g, head("GET /llm/v1/models/a")); step.Reason != reason.CredentialMissing {
			t.Errorf("one model: %s", step.Reason)
		}
		if _, step := begin(g, head("POST /v2/repository/index")); step.Reason != reason.CredentialMissing {
			t.Errorf("a list of which nothing is everybody's: %s", step.Reason)
		}
	}
}
