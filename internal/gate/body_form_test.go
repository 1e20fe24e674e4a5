package gate_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const transcribe = "POST /llm/v1/audio/transcriptions"

var formType = pair{"content-type", corpus.FormType}

// formCases are bodies of an endpoint that takes forms.
func formCases() []bodyCase {
	form, f := []pair{formType}, corpus.Form
	of := func(boundary string) []pair { return typed("multipart/form-data; boundary=" + boundary) }
	return []bodyCase{
		{transcribe, f("model=a", "file=@a.wav"), form, "allowed"},
		{transcribe, f("file=@a.wav", "model=a"), form, "allowed"},
		{transcribe, f("model=a", "timestamp_granularities[]=word", "timestamp_granularities[]=segment"), form, "allowed"},
		{transcribe, f("model=a", "file=@model"), form, "allowed"},
		{transcribe, f("model=no", "file=@a.wav"), form, "denied"},
		{transcribe, f("file=@a.wav", "model=no"), form, "denied"},
		{transcribe, f("file=@a.wav"), form, "model_missing"},
		{transcribe, f("model="), form, "model_missing"},
		{transcribe, f("model=a b"), form, "model_invalid"},
		{transcribe, `{"model": "a"}`, withJSON(), "allowed"},

		{transcribe, "", form, "body_invalid"},
		{transcribe, strings.TrimSuffix(f("model=a"), "--\r\n"), form, "body_invalid"},
		{transcribe, f("model=a") + f("model=no"), form, "body_invalid"},
		{transcribe, f("model=a", "model=no"), form, "body_invalid"},
		{transcribe, f("model=a", "Model=no"), form, "body_invalid"},
		{transcribe, f("model=a", "model[]=no"), form, "body_invalid"},
		{transcribe, f("model=@a"), form, "body_invalid"},
		{transcribe, f("model=a", "draft_model=no"), form, "body_key_refused"},
		{transcribe, f("model=a", "file_id=no"), form, "body_key_refused"},
		{transcribe, f("model=a"), of("C"), "body_invalid"},

		{transcribe, f("model=a"), of(`"B"`), "allowed"},
		{transcribe, f("model=a"), of("B; charset=utf-8"), "allowed"},
		{transcribe, f("model=a"), of("B; charset=utf-16"), "body_type"},
		{transcribe, f("model=a"), of(""), "body_type"},
		{transcribe, f("model=a"), of("'B'"), "body_type"},
		{transcribe, f("model=a"), typed("multipart/form-data"), "body_type"},
		{transcribe, f("model=a"), typed("multipart/mixed; boundary=B"), "body_type"},
		{transcribe, f("model=a"), nil, "body_type"},
		{transcribe, "model=a", typed("application/x-www-form-urlencoded"), "body_type"},
		{transcribe, f("model=a"), []pair{formType, {"content-encoding", "gzip"}}, "body_encoded"},
		{transcribe, f("model=a"), []pair{formType, formType}, "header_repeated"},
		{llm, f("model=a"), form, "body_type"}, // the endpoint takes no form
	}
}

// TestLargeFormFlows: of a form whose model comes first, all is forwarded as it arrives but
// the byte that completes it; of one whose model comes last, nothing before the model.
func TestLargeFormFlows(t *testing.T) {
	file := "Content-Disposition: form-data; name=\"file\"; filename=\"a\"\n\n" + strings.Repeat("x", 1000)
	g, s := load(t, bodyWorld(t, false))
	env := gate.Env{Now: now, Keys: g.Keys()}
	for _, first := range []bool{true, false} {
		form := corpus.Form(file, "model=a")
		known := len(form) + 1
		if first {
			form = corpus.Form("model=a", file)
			known = strings.Index(form, "B\r\nContent-Disposition: form-data; name=\"file\"") + 3
		}
		x, step := g.Begin(env, head(transcribe, bearer(t, s, corp(nil)), formType))
		sent := 0
		for i := range len(form) {
			step = x.Body(env, gate.Upstream, []byte(form[i:i+1]), false)
			sent += step.Release
			want := 0
			if i+1 >= known {
				want = min(i+1, len(form)-len("-\r\n"))
			}
			if step.Act != gate.Hold || sent != want {
				t.Fatalf("first %v, byte %d: act %d, %s, %d bytes are forwarded, want %d", first, i, step.Act, step.Reason, sent, want)
			}
		}
		if step = x.Body(env, gate.Upstream, nil, true); step.Act != gate.Forward || sent+step.Release != len(form) {
			t.Errorf("first %v: act %d, %s, %d bytes are forwarded, want %d", first, step.Act, step.Reason, sent+step.Release, len(form))
		}
	}
}
