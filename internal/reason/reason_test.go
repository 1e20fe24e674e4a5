package reason

import (
	"regexp"
	"testing"
)

func TestTableIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range All() {
		if !regexp.MustCompile(`^[a-z_]+$`).MatchString(r.String()) || seen[r.String()] {
			t.Errorf("Reason(%d).String() = %q, want a name of its own of a-z and _", r, r)
		}
		seen[r.String()] = true
		if r.HTTP() == 0 || (r.GRPC() != 0) != r.Refuses() || (r.HTTP() >= 400) != r.Refuses() {
			t.Errorf("%s: HTTP() = %d, GRPC() = %d, Refuses() = %v: these disagree", r, r.HTTP(), r.GRPC(), r.Refuses())
		}
	}
}

func TestZeroAndStrayRefuse(t *testing.T) {
	var zero Reason
	for _, r := range []Reason{zero, count, 255} {
		if !r.Refuses() || r.HTTP() != 500 || r.GRPC() != grpcInternal || r.String() != "internal" {
			t.Errorf("Reason(%d) = %s %d %d, want a refusal, internal 500 13", r, r, r.HTTP(), r.GRPC())
		}
	}
}

// TestOnlyTheseReasonsPass: every other Reason refuses.
func TestOnlyTheseReasonsPass(t *testing.T) {
	for _, r := range All() {
		if want := r != Exempt && r != ResourceMetadata && r != ListAnswered && r != Preflight && r != Allowed; r.Refuses() != want {
			t.Errorf("%s.Refuses() = %v, want %v", r, r.Refuses(), want)
		}
	}
}

func TestChallenge(t *testing.T) {
	for r, want := range map[Reason]string{
		CredentialMissing:  "",
		CredentialRepeated: "invalid_request",
		QueryToken:         "invalid_request",
		TokenExpired:       "invalid_token",
		SchemeUnsupported:  "invalid_token",
		GrantMissing:       "insufficient_scope",
		OriginRefused:      "",
		PathUnknown:        "",
		Internal:           "",
	} {
		if got := r.Challenge(); got != want {
			t.Errorf("%s.Challenge() = %q, want %q", r, got, want)
		}
	}
}
