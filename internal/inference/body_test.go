package inference_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/testing/watch"
)

// message encodes a protobuf message: "1:name 2:(1:#5)" is field 1, a string, and
// field 2, a message whose field 1 is the number 5.
func message(t *testing.T, text string) string {
	t.Helper()
	m, rest := fields(t, text)
	if rest != "" {
		t.Fatalf("message %q ends at %q", text, rest)
	}
	return string(m)
}

// fields encodes fields up to a closing bracket.
func fields(t *testing.T, text string) (wire []byte, rest string) {
	for text = strings.TrimLeft(text, " "); text != "" && text[0] != ')'; text = strings.TrimLeft(text, " ") {
		number := protowire.Number(text[0] - '0')
		switch text = text[2:]; {
		case strings.HasPrefix(text, "("):
			var inner []byte
			inner, text = fields(t, text[1:])
			text = text[1:]
			wire = protowire.AppendBytes(protowire.AppendTag(wire, number, protowire.BytesType), inner)
		case strings.HasPrefix(text, "#"):
			wire = protowire.AppendVarint(protowire.AppendTag(wire, number, protowire.VarintType), uint64(text[1]-'0'))
			text = text[2:]
		default:
			end := strings.IndexAny(text+" ", " )")
			wire = protowire.AppendString(protowire.AppendTag(wire, number, protowire.BytesType), text[:end])
			text = text[end:]
		}
	}
	return wire, text
}

// values scans a body as the match says.
func values(t *testing.T, b *inference.Body, body string) []scan.Value {
	t.Helper()
	if b.MayBeEmpty && body == "" {
		return nil
	}
	if b.Keys != nil {
		j := scan.NewJSON(b.Keys, scan.Limits{})
		if err := j.Scan([]byte(body)); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if err := j.End(); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return j.Values()
	}
	wire := message(t, body)
	p := scan.NewProto(b.Fields, len(wire), scan.Limits{})
	if err := p.Scan([]byte(wire)); err != nil || !p.Complete() {
		t.Fatalf("%s: %v", body, err)
	}
	return p.Values()
}

const (
	infer   = "gRPC /inference.GRPCInferenceService/ModelInfer"
	stats   = "gRPC /inference.GRPCInferenceService/ModelStatistics"
	load    = "gRPC /inference.GRPCInferenceService/RepositoryModelLoad"
	unload  = "gRPC /inference.GRPCInferenceService/RepositoryModelUnload"
	mlLoad  = "gRPC /inference.model_repository.ModelRepositoryService/RepositoryModelUnload"
	trace   = "gRPC /inference.GRPCInferenceService/TraceSetting"
	predict = "gRPC /tensorflow.serving.PredictionService/Predict"
	multi   = "gRPC /tensorflow.serving.PredictionService/MultiInference"
	chat    = "POST /v1/chat/completions"
)

// bodyGroup lists bodies of a request.
type bodyGroup struct {
	name, routes, host, request string
	cases                       []bodyCase
}

// bodyCase wants what matchText writes without the protocol, or a reason.
type bodyCase struct{ body, want string }

func TestComplete(t *testing.T) {
	for _, g := range slices.Concat(kserveBodies, tritonBodies, openAIBodies, tfServingBodies, torchServeBodies) {
		t.Run(g.name+": "+g.request, func(t *testing.T) {
			r := request(g.request, g.host)
			m, why := compile(t, g.routes).Match(r)
			if why != reason.Allowed || m.Body == nil {
				t.Fatalf("Match on %s = %s, want one that the body completes", g.host, why)
			}
			for _, c := range g.cases {
				t.Run(c.body, func(t *testing.T) {
					complete := func() string {
						done, why := m.Complete(values(t, m.Body, c.body))
						if why != reason.Allowed {
							return why.String()
						}
						done.Body = nil
						return strings.TrimPrefix(matchText(r, done), m.Call.Protocol+" ")
					}
					if got := complete(); got != c.want {
						t.Errorf("Complete = %s, want %s", got, c.want)
					}
					if got := complete(); got != c.want {
						t.Errorf("Complete a second time = %s, want %s", got, c.want)
					}
				})
			}
		})
	}
}

// TestFieldsOfProtocols checks that the protocols' field numbers are such as package
// scan takes.
func TestFieldsOfProtocols(t *testing.T) {
	tables := 0
	for _, g := range acceptedByProtocol {
		for _, c := range g.cases {
			m, _ := compile(t, g.routes).Match(request(c.request, g.host))
			if m.Body == nil {
				continue
			}
			if tables++; (m.Body.Keys == nil) == (m.Body.Fields == nil) {
				t.Errorf("%s: Body = %+v, want either Keys or Fields", c.request, m.Body)
			} else if m.Body.Fields != nil {
				if err := watch.CheckFields(m.Body.Fields); err != nil {
					t.Errorf("%s: %v", c.request, err)
				}
			} else if err := watch.CheckKeys(m.Body.Keys); err != nil {
				t.Errorf("%s: %v", c.request, err)
			}
		}
	}
	if tables < 30 {
		t.Errorf("%d calls with a body, want 30 or more", tables)
	}
}
