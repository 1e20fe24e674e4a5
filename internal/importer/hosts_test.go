package importer

import (
	"strings"
	"testing"
)

// TestHosts: where the gate does not take the hosts that rules are for, with or without a port,
// this is listed; and nothing else is.
func TestHosts(t *testing.T) {
	const (
		elsewhere = "it is for other hosts too"
		anyPort   = "the gate means a host with any port: "
		widerPort = "the gate means a host with any port, and so does the deny"
	)
	for _, c := range []struct {
		name, allow, deny string
		o                 Options
		want              []string
	}{
		{"with a port and without", `to: [{operation: {hosts: [a.example.com, "a.example.com:*"]}}]`, "", Options{}, nil},
		{"without a port only", `to: [{operation: {hosts: [a.example.com]}}]`, "", Options{}, []string{anyPort}},
		{"without a port, accepted", `to: [{operation: {hosts: [a.example.com]}}]`, "", Options{AnyPort: true}, nil},
		{"any", `to: [{operation: {hosts: ["*"]}}]`, "", Options{}, nil},
		{"in capitals", `to: [{operation: {hosts: [A.example.com, "A.EXAMPLE.com:*"]}}]`, "", Options{}, nil},
		{"one and an end", `to: [{operation: {hosts: [a.example.com, "a.example.com:*", "*.example.com", "b.*"]}}]`, "", Options{},
			[]string{elsewhere, anyPort}},
		{"an end, with the hosts named", `to: [{operation: {hosts: ["*.example.com", "a.*"]}}]`, "",
			Options{Hosts: []string{"a.example.com"}, AnyPort: true}, nil},
		{"all but one", `to: [{operation: {notHosts: [a.example.com, "a.example.com:*"]}}]`, "", Options{}, []string{elsewhere}},
		{"a rule for any beside", `to: [{operation: {hosts: [a.example.com, "a.example.com:*"]}}, {operation: {paths: [/x]}}]`, "",
			Options{}, []string{elsewhere}},
		{"a deny of one", "", `to: [{operation: {hosts: [a.example.com]}}]`, Options{}, []string{elsewhere, widerPort}},
		{"a deny of one with any port", "", `to: [{operation: {hosts: [a.example.com, "a.example.com:*"]}}]`,
			Options{Hosts: []string{"b.example.com"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: prod}\nspec:\n  rules: [{" + c.allow + "}]\n"
			if c.deny != "" {
				text += "---\n" + strings.Replace(text, "rules: [{}]", "action: DENY\n  rules: [{"+c.deny+"}]", 1)
			}
			result, err := Import("istio", []File{{"f", text}}, c.o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range result.Notes {
				if n.IsLoss() {
					got = append(got, n.Message)
				}
			}
			if len(got) != len(c.want) {
				t.Fatalf("listed %q, want %q", got, c.want)
			}
			for i, want := range c.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("listed %q, want %q", got[i], want)
				}
			}
		})
	}
}
