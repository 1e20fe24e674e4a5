package strictjson

import "testing"

func TestOr(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{"a"}, "a"},
		{[]string{"a", "b"}, "a or b"},
		{[]string{"a", "b", "c"}, "a, b or c"},
	} {
		if got := Or(c.values); got != c.want {
			t.Errorf("Or(%q) = %q, want %q", c.values, got, c.want)
		}
	}
}
