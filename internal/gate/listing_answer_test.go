package gate_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestAnsweredLists: on an address of several services the gate itself lists what the caller
// may use. Nobody else learns that there is a list.
func TestAnsweredLists(t *testing.T) {
	const anyone = `{"name": "open", "members": ["allUsers"], "role": "viewer", "models": ["prod/open"]}`
	predict := strings.Replace(anyone, `"role": "viewer"`, `"verbs": ["predict"]`, 1)
	all := strings.NewReplacer("allUsers", "allAuthenticatedUsers", `"members"`, `"issuers": ["corp"], "members"`, "prod/open", "*/*").Replace(anyone)
	for _, c := range []struct {
		name, grant, deny string
		anonymous         bool
		want              string
	}{
		{name: "a caller", want: "list_answered half,open"},
		{name: "a caller with more", grant: all, want: "list_answered half,open,secret"},
		{name: "a deny", grant: all, deny: `{"name": "n", "models": ["lab/*"]}`, want: "list_answered open"},
		{name: "a deny of everything", grant: all, deny: `{"name": "n"}`, want: "grant_missing "},
		{name: "nobody", anonymous: true, want: "credential_missing "},
		{name: "nobody, where something is for everybody", grant: anyone, anonymous: true, want: "list_answered open"},
		{name: "nobody, where something may be used and not listed", grant: predict, anonymous: true, want: "credential_missing "},
	} {
		t.Run(c.name, func(t *testing.T) {
			world := bodyWorld(t, true)
			if c.grant != "" {
				world = edit.Set(t, world, "/grants/-", c.grant)
			}
			if c.deny != "" {
				world = edit.Set(t, world, "/denies/-", c.deny)
			}
			g, s := load(t, world)
			h := head("GET /v1/models")
			if !c.anonymous {
				h = head("GET /v1/models", bearer(t, s, corp(nil)))
			}
			for range 2 {
				x, step := g.Begin(gate.Env{Now: now, Keys: g.Keys()}, h)
				got := step.Reason.String() + " " + idsIn(step.Reply.Body)
				if got != c.want || step.Act != gate.Answer && strings.HasPrefix(got, "list") || x.NeedsResponse() {
					t.Errorf("Begin = %d %s, want %s", step.Act, got, c.want)
				}
			}
		})
	}
}

// idsIn returns the names in a list, with commas between them.
func idsIn(list string) string {
	var ids []string
	for _, item := range strings.Split(list, `"id":"`)[1:] {
		id, _, _ := strings.Cut(item, `"`)
		ids = append(ids, id)
	}
	return strings.Join(ids, ",")
}
