package scan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// String writes an Error for the tables of the tests.
func (e *Error) String() string {
	return fmt.Sprintf("%s (%s at %q, byte %d)", e.Rule, e.Kind, e.Where, e.Offset)
}

// result is what a scan of a whole body gave, as text.
func result(values []Value, err *Error) string {
	var b strings.Builder
	for _, v := range values {
		switch {
		case !v.Present:
			fmt.Fprintf(&b, "%d absent", v.ID)
		case v.Text == "" && v.Int != 0:
			fmt.Fprintf(&b, "%d=%d", v.ID, v.Int)
		default:
			fmt.Fprintf(&b, "%d=%q", v.ID, v.Text)
		}
		if v.Item > 0 {
			fmt.Fprintf(&b, " in %d", v.Item)
		}
		b.WriteString("; ")
	}
	if err != nil {
		return b.String() + err.String()
	}
	return b.String() + "ok"
}

// cuts are ways to cut a body of n bytes: into single bytes, and at random.
func cuts(n int) [][]int {
	single := make([]int, n)
	for i := range single {
		single[i] = 1
	}
	all := [][]int{{n}, single}
	random := rand.New(rand.NewPCG(uint64(n), 1))
	for range 4 {
		var cut []int
		for left := n; left > 0; {
			k := min(left, random.IntN(9)) // an empty chunk too
			cut, left = append(cut, k), left-k
		}
		all = append(all, cut)
	}
	return all
}

// chunks cuts a body; each chunk is a copy that is spoilt after use, so that a
// scanner which kept it would be found out.
func chunks(body []byte, cut []int, use func(chunk []byte)) {
	for _, n := range cut {
		chunk := slices.Clone(body[:n])
		body = body[n:]
		use(chunk)
		for i := range chunk {
			chunk[i] = '#'
		}
	}
}

func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for k := Syntax; k < kinds; k++ {
		if k.String() == "" || seen[k.String()] {
			t.Errorf("kind %d is called %q", k, k)
		}
		seen[k.String()] = true
	}
	if s := Kind(0).String() + kinds.String(); s != "" {
		t.Errorf("no kind is called %q", s)
	}
}
