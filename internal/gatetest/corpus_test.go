package gatetest

import (
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
)

// TestCorpusNative runs every case through the gate in this process.
func TestCorpusNative(t *testing.T) {
	scenarios, err := LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, s := range scenarios {
		g, err := gate.New(s.Config, s.Secret)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		now := time.Now()
		for _, c := range s.Cases {
			total++
			r, err := s.Request(c, now)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Check(r, Native(g, r, now), Elsewhere); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
	}
	if total < 100 {
		t.Errorf("the corpus has %d cases, want at least 100", total)
	}
	t.Logf("%d cases", total)
}
