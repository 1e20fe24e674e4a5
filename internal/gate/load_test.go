package gate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

const (
	loadASR   = "POST /v2/repository/models/asr/load"
	unloadASR = "POST /v2/repository/models/asr/unload"
	loadGRPC  = "POST /inference.GRPCInferenceService/RepositoryModelLoad"
)

// loadWorld has a caller who may load one model, and operators.
func loadWorld(t testing.TB, holding bool) string {
	s := edit.Insert(t, world, "/routes/0", `{"protocol": "triton", "service": "prod/gpu"}`)
	s = edit.Set(t, s, "/grants/-", `{"name": "loader", "issuers": ["corp"], "members": ["allAuthenticatedUsers"],
		"verbs": ["load", "unload"], "models": ["prod/gpu/asr"]}`)
	s = edit.Set(t, s, "/grants/-", `{"name": "operators", "issuers": ["corp"], "members": ["group:operators"],
		"role": "admin", "models": ["prod/gpu"]}`)
	if holding {
		s = edit.Set(t, s, "/host", `{"holdHeaders": true}`)
	}
	return s
}

// TestLoads: a load that brings a model of its own asks for admin on the whole server.
func TestLoads(t *testing.T) {
	const brings = `{"parameters": {"config": "{\"backend\":\"python\"}", "file:1/model.py": "aW1wb3J0IG9z"}}`
	form, grpc := typed("application/x-www-form-urlencoded"), []pair{grpcType}
	for _, c := range []struct {
		line, body string
		more       []pair
		loader     string
		operator   string
	}{
		{loadASR, "", nil, "allowed", "allowed"},
		{loadASR, "{}", nil, "allowed", "allowed"},
		{loadASR, "{}", withJSON(), "allowed", "allowed"},
		{loadASR, "{}", form, "body_type", "body_type"},
		{loadASR, brings, nil, "grant_missing", "allowed"},
		{loadASR, brings, withJSON(), "grant_missing", "allowed"},
		{loadASR, `{"parameters": {}}`, withJSON(), "grant_missing", "allowed"},
		{loadASR, `{"Parameters": {}}`, withJSON(), "body_invalid", "body_invalid"},
		{loadASR, `{"p\u0061rameters": {}}`, withJSON(), "body_invalid", "body_invalid"},
		{loadASR, `[]`, nil, "body_invalid", "body_invalid"},
		{loadASR, ` `, nil, "body_invalid", "body_invalid"},
		{loadASR, `{} {}`, nil, "body_invalid", "body_invalid"},
		{loadASR, `{`, nil, "body_invalid", "body_invalid"},
		{loadASR, "{}", withJSON(pair{"content-encoding", "gzip"}), "body_encoded", "body_encoded"},
		{unloadASR, "", nil, "allowed", "allowed"},
		{unloadASR, `{"parameters": {"unload_dependents": true}}`, nil, "grant_missing", "allowed"},
		{strings.Replace(loadASR, "asr", "other", 1), "", nil, "grant_missing", "allowed"},
		{loadGRPC, frames(t, "2:asr"), grpc, "allowed", "allowed"},
		{loadGRPC, frames(t, "2:other"), grpc, "grant_missing", "allowed"},
		{loadGRPC, frames(t, "2:asr 3:(1:config)"), grpc, "grant_missing", "allowed"},
		{loadGRPC, frames(t, "3:(1:file) 2:asr"), grpc, "grant_missing", "allowed"},
	} {
		for _, holding := range []bool{true, false} {
			g, s := load(t, loadWorld(t, holding))
			for who, want := range map[string]string{"loader": c.loader, "operator": c.operator} {
				token := bearer(t, s, corp(nil))
				if who == "operator" {
					token = bearer(t, s, corp(claims{"groups": []string{"operators"}}))
				}
				t.Run(fmt.Sprintf("holding %v/%s/%s %.40q %v", holding, who, c.line, c.body, c.more), func(t *testing.T) {
					h := head(c.line, append([]pair{token}, c.more...)...)
					for _, cuts := range [][]int{nil, {0}, {len(c.body) / 2}, {len(c.body)}} {
						if got := pump(t, g, h, c.body, cuts, always).result(); got != want {
							t.Errorf("cut at %v = %s, want %s", cuts, got, want)
						}
					}
					if c.body != "" {
						return
					}
					h.End = true
					if got := pump(t, g, h, "", nil, always).result(); got != want {
						t.Errorf("without a body = %s, want %s", got, want)
					}
				})
			}
		}
	}
}

// TestLoadIsNotRemembered: that a load without a body was allowed says nothing of the
// next one.
func TestLoadIsNotRemembered(t *testing.T) {
	g, s := load(t, loadWorld(t, true))
	h := head(loadASR, bearer(t, s, corp(nil)))
	env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
	for i := range 4 {
		h.End = true
		if _, step := g.DecideRequest(env, h, nil, nil); step.Act != gate.Forward {
			t.Fatalf("load %d without a body = %s, want allowed", i, step.Reason)
		}
		h.End = false
		if _, step := g.DecideRequest(env, h, []byte(`{"parameters": {"config": "{}"}}`), nil); step.Act == gate.Forward {
			t.Fatalf("load %d with a configuration is allowed", i)
		}
	}
}
