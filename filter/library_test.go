package main_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestGoLibrary runs Go's own tests of what build/tools/library edits, with its edits. They
// run natively, where the code of P-384, P-521 and Ed25519 is that of the module.
func TestGoLibrary(t *testing.T) {
	for _, c := range []struct{ pkg, tests string }{
		{"crypto/ecdsa", "Test(SignAndVerifyASN1|INDCCA|NegativeInputs|ZeroHashSignature|InvalidPublicKeys)$/P(256|384|521)$"},
		{"crypto/ecdsa", "TestRFC6979/P-(256|384|521)"},
		{"crypto/internal/fips140test", "TestEquivalents/P(256|384|521)"},
		{"crypto/rsa", "TestPSSGolden|TestPSSSigning"},
		{"crypto/ed25519", "."},
		{"runtime", "Test(GcDeepNesting|GcMapIndirection|GcArraySlice|GcRescan|PeriodicGC|HugeGCInfo|PanicInlined)$"},
	} {
		args := []string{"test", "-overlay=../build/copies/overlay.json", "-v", "-run=" + c.tests, "-skip=//Generic", c.pkg}
		text, err := exec.Command("go", args...).CombinedOutput()
		if err != nil || !strings.Contains(string(text), "--- PASS") {
			t.Errorf("go %q: %v\n%s", args, err, text)
		}
	}
}
