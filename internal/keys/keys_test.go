package keys

import (
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/strictjson"
)

var (
	now = time.Unix(1_760_000_000, 0)
	id  = strings.Repeat("i", 32)
)

func compile(t *testing.T, doc, issuer string) *Source {
	t.Helper()
	var problems strictjson.Problems
	v, ok := strictjson.Parse(doc, &problems)
	if !ok {
		t.Fatal(problems)
	}
	s := Compile(v, issuer, environment)
	if problems != nil {
		t.Fatal(problems)
	}
	return s
}

// TestSourceID: sources share an entry only if everything about their keys is
// the same.
// TestSchedule: the time of the next fetch after a success and after failures.
// TestClockSteps: times that a wrong clock has written delay no fetch.
// TestJWKSTarget: where a discovery document may send the proxy.
// TestDiscovery: the document, then the key set, within one lease.
// TestWaiting: how many requests may wait, for how long, and with which policy they
// continue.
// TestNotAnEntry: data that is not the source's entry is refused, reported once, and
// replaced.
