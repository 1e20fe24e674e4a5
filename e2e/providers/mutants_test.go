//go:build providers

package providers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// testMutants sends changed tokens to the gate and to three other verifiers. What all the
// others refuse must not pass the gate, and no unchanged token may be refused by any.
func (w *world) testMutants(t *testing.T) {
	var valid []string
	var of []kind
	for _, k := range w.p.kinds {
		for range 3 {
			valid, of = append(valid, k.mint(t)), append(of, k)
		}
	}
	jwks := w.p.jwks(t) // jwt_authn's are from the start: nothing has been rotated yet
	all := mutants(valid, jwks, *tokens, uint64(time.Now().UnixNano()))
	inEnvoy := func(addr string) []bool {
		return w.verifyAll(t, addr, all, of)
	}
	verdicts := map[string][]bool{"gate": inEnvoy(w.gate), "jwt_authn": inEnvoy(w.jwtAuthn),
		"go-jose": w.verifyGoJOSE(t, all, of, jwks), "joserfc": w.verifyJoserfc(t, all, of, jwks)}
	counts := map[string]int{}
	for i, m := range all {
		var accept []string
		for name, verdict := range verdicts {
			if verdict[i] {
				accept = append(accept, name)
			}
		}
		slices.Sort(accept)
		switch {
		case len(accept) == 1 && accept[0] == "gate":
			t.Errorf("only the gate takes %s of %s:\n%s", m.how, of[m.of].name, m.token)
		case m.token == valid[m.of] && len(accept) < len(verdicts):
			t.Errorf("only %v take a valid token of %s:\n%s", accept, of[m.of].name, m.token)
		}
		if m.token != valid[m.of] && len(accept) > 0 {
			counts[m.how+" is taken by "+strings.Join(accept, ", ")]++
		}
	}
	for _, line := range slices.Sorted(keysOf(counts)) {
		t.Logf("%d times %s", counts[line], line)
	}
	t.Logf("%d tokens", len(all))
}

func keysOf(m map[string]int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// verifyAll sends all tokens to an address, over eight connections.
func (w *world) verifyAll(t *testing.T, addr string, all []mutant, of []kind) []bool {
	t.Helper()
	verdict, work := make([]bool, len(all)), make(chan int)
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			for i := range work {
				a, err := w.send(addr, of[all[i].of].issuer, all[i].token)
				if err != nil || a.line != "200" && !strings.HasPrefix(a.line, "40") {
					t.Errorf("%s: %s, %v\n%s", addr, a.line, err, all[i].token)
				}
				verdict[i] = a.line == "200"
			}
		})
	}
	for i := range all {
		work <- i
	}
	close(work)
	done.Wait()
	return verdict
}

// verifyGoJOSE is what go-jose thinks of the tokens.
func (w *world) verifyGoJOSE(t *testing.T, all []mutant, of []kind, jwks string) []bool {
	t.Helper()
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(jwks), &keys); err != nil {
		t.Fatal(err)
	}
	var algorithms []jose.SignatureAlgorithm
	for _, name := range w.p.algorithms() {
		algorithms = append(algorithms, jose.SignatureAlgorithm(name))
	}
	good := func(m mutant) bool {
		token, err := jwt.ParseSigned(m.token, algorithms)
		if err != nil {
			return false
		}
		var claims jwt.Claims
		if token.Claims(keys, &claims) != nil || claims.Subject == "" && !of[m.of].nameless || claims.Expiry == nil {
			return false
		}
		expected := jwt.Expected{Issuer: w.p.issuer, Time: time.Now()}
		if audience := of[m.of].audience; audience != "" {
			expected.AnyAudience = jwt.Audience{audience}
		}
		return claims.Validate(expected) == nil
	}
	verdict := make([]bool, len(all))
	for i, m := range all {
		verdict[i] = good(m)
	}
	return verdict
}

// verifyJoserfc is what joserfc thinks of the tokens.
func (w *world) verifyJoserfc(t *testing.T, all []mutant, of []kind, jwks string) []bool {
	t.Helper()
	var input strings.Builder
	encoder := json.NewEncoder(&input)
	encoder.Encode(object{"issuer": w.p.issuer, "algorithms": w.p.algorithms(), "keys": json.RawMessage(jwks)})
	for _, m := range all {
		encoder.Encode(object{"token": m.token, "audience": of[m.of].audience, "nameless": of[m.of].nameless})
	}
	command := exec.Command(installed(t, "joserfc"), filepath.Join(root, "e2e", "providers", "joserfc", "verify.py"))
	command.Stdin, command.Stderr = strings.NewReader(input.String()), os.Stderr
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var verdict []bool
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		verdict = append(verdict, lines.Text() == "1")
	}
	if len(verdict) != len(all) {
		t.Fatalf("joserfc answered %d of %d", len(verdict), len(all))
	}
	return verdict
}

// algorithms are those of all issuers of the gate.
func (p *provider) algorithms() (all []string) {
	for _, issuer := range p.issuers {
		for _, name := range issuer["algorithms"].([]string) {
			if !slices.Contains(all, fmt.Sprint(name)) {
				all = append(all, name)
			}
		}
	}
	return all
}
