package faults

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/load"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/mutate"
)

// inGo is what Go says of a signature.
func inGo(t *testing.T, keys map[string]any, v mutate.Vector) bool {
	t.Helper()
	key := keys[string(v.Key)]
	if key == nil {
		var err error
		if key, err = x509.ParsePKIXPublicKey(v.Key); err != nil {
			t.Fatal(err)
		}
		keys[string(v.Key)] = key
	}
	return jwt.GetSigningMethod(v.Algorithm).Verify(string(v.Signed), v.Signature, key) == nil
}

// byHost has Envoy's verify_signature judge vectors, or count mutations of them.
func (w *world) byHost(vectors []mutate.Vector, change string, count int) mutate.Bits {
	w.t.Helper()
	*w.serial++
	text, err := json.Marshal(vectors)
	if err != nil {
		w.t.Fatal(err)
	}
	w.load(load.Load{
		Path: always(granted), Token: always("x"), Workers: 1, Total: 1,
		Headers: map[string]string{
			"x-fault": "1", "x-batch": fmt.Sprint(*w.serial), "x-mutate": change, "x-vectors": base64.StdEncoding.EncodeToString(text),
		},
	}).Wait()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		_, after, _ := strings.Cut(w.envoy.Log(), fmt.Sprintf("fault: verified %d ", *w.serial))
		answer, _, whole := strings.Cut(after, ".")
		if !whole {
			continue
		}
		silent, bits, _ := strings.Cut(answer, " ")
		held, err := base64.StdEncoding.DecodeString(bits)
		if err != nil || silent != "0" || len(held) != len(mutate.NewBits(count)) {
			w.t.Fatalf("%s of %d signatures were not judged: %v", silent, count, err)
		}
		return held
	}
	w.t.Fatalf("no answer\n%s", tail(w.envoy.Log()))
	return nil
}

// bases are valid signatures of fresh keys: mostly of ES256 and RS256, since
// P-384 takes Envoy eight times as long.
func bases(t *testing.T) (vectors []mutate.Vector) {
	t.Helper()
	for i := range 17 {
		algorithm := []string{"ES256", "RS256"}[i%2]
		if i == 16 {
			algorithm = "ES384"
		}
		var private crypto.Signer
		var order []byte
		var err error
		switch algorithm {
		case "RS256":
			var k *rsa.PrivateKey
			if k, err = rsa.GenerateKey(rand.Reader, 2048); err == nil {
				private, order = k, k.N.Bytes()
			}
		default:
			curve := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384()}[algorithm]
			private, err = ecdsa.GenerateKey(curve, rand.Reader)
			order = curve.Params().N.Bytes()
		}
		if err != nil {
			t.Fatal(err)
		}
		v := mutate.Vector{Algorithm: algorithm, Order: order, Signed: fmt.Appendf(nil, "header.payload-%d", i)}
		if v.Key, err = x509.MarshalPKIXPublicKey(private.Public()); err != nil {
			t.Fatal(err)
		}
		if v.Signature, err = jwt.GetSigningMethod(algorithm).Sign(string(v.Signed), private); err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, v)
	}
	return vectors
}

// TestSignatures: Envoy's BoringSSL and Go agree on every signature, mutated at
// random or made by experts to tell verifiers apart.
func TestSignatures(t *testing.T) {
	testbed.OnlyWasm(t, "verify_signature")
	t.Parallel()
	w := newWorld(t)
	options := harness.Options{Module: faulty, Env: map[string]string{"MODELGATE_FAULT": "verify"}}
	w.start(w.configuration(w.schedule(nil), w.schedule(nil)), options)
	t.Run("Mutated", func(t *testing.T) { mutated(w.again(t)) })
	t.Run("Wycheproof", func(t *testing.T) { wycheproof(w.again(t)) })
}

func mutated(w *world) {
	const seed, batch = 1, 5000
	vectors, keys := bases(w.t), map[string]any{}
	total, held := scale(1_000_000, 10_000), 0
	for from := 0; from < total; from += batch {
		host := w.byHost(vectors, fmt.Sprintf("%d %d %d", seed, from, batch), batch)
		for i := range batch {
			v := mutate.At(vectors, seed, uint64(from+i))
			native := inGo(w.t, keys, v)
			if native != host.Get(i) {
				w.t.Errorf("mutation %d: Envoy says %v and Go %v of %s %x over %q by %x",
					from+i, host.Get(i), native, v.Algorithm, v.Signature, v.Signed, v.Key)
			}
			if native {
				held++
			}
		}
	}
	w.t.Logf("%d of %d mutations are valid signatures", held, total)
	if held < total/20 || held > total/2 {
		w.t.Errorf("%d of %d mutations are valid signatures: the test shows little", held, total)
	}
}

// The vectors of https://github.com/google/wycheproof, at the version that
// golang.org/x/crypto tests with, and the sum of it that go.sum would hold.
const (
	wycheproofModule = "github.com/google/wycheproof@v0.0.0-20191219022705-2196000605e4"
	wycheproofSum    = "h1:/jhsqtCSTRK25HsqYePIHeLbPIDBwVOANhQmWRdgsyA="
)

// wycheproofFiles are those of the signatures that the host verifies.
var wycheproofFiles = map[string][]string{
	"ES256": {"ecdsa_secp256r1_sha256_p1363"},
	"ES384": {"ecdsa_secp384r1_sha384_p1363"},
	"ES512": {"ecdsa_secp521r1_sha512_p1363"},
	"RS256": {"rsa_signature_2048_sha256", "rsa_signature_3072_sha256"},
	"RS384": {"rsa_signature_2048_sha384", "rsa_signature_3072_sha384", "rsa_signature_4096_sha384"},
	"RS512": {"rsa_signature_2048_sha512", "rsa_signature_3072_sha512", "rsa_signature_4096_sha512"},
}

func wycheproof(w *world) {
	dir := wycheproofDir(w.t)
	keys, total := map[string]any{}, 0
	for algorithm, names := range wycheproofFiles {
		for _, name := range names {
			for _, g := range readWycheproof(w.t, filepath.Join(dir, "testvectors", name+"_test.json")) {
				total += w.group(keys, algorithm, name, g)
			}
		}
	}
	w.t.Logf("%d vectors", total)
	if total < 2000 {
		w.t.Errorf("%d vectors, want 2000 and more", total)
	}
}

// group compares the vectors of one key, in requests that Envoy's limit on
// headers lets pass. A signature of the wrong length never reaches the host.
func (w *world) group(keys map[string]any, algorithm, name string, g wycheproofGroup) int {
	w.t.Helper()
	key, err := hex.DecodeString(g.KeyDER)
	if err != nil {
		w.t.Fatal(err)
	}
	var vectors []mutate.Vector
	var ids []int
	size, bytes := g.size(w.t, key), 0
	flush := func() {
		if len(vectors) == 0 {
			return
		}
		host := w.byHost(vectors, "", len(vectors))
		for i, v := range vectors {
			if native := inGo(w.t, keys, v); native != host.Get(i) {
				w.t.Errorf("%s %d: Envoy says %v and Go %v", name, ids[i], host.Get(i), native)
			}
			if want := g.Tests[ids[i]].Result; want == "valid" != host.Get(i) && want != "acceptable" {
				w.t.Errorf("%s %d: Envoy says %v, want %s", name, ids[i], host.Get(i), want)
			}
		}
		vectors, ids, bytes = nil, nil, 0
	}
	for i, c := range g.Tests {
		text, errText := hex.DecodeString(c.Text)
		signature, errSignature := hex.DecodeString(c.Signature)
		if errText != nil || errSignature != nil {
			w.t.Fatal(errText, errSignature)
		}
		if len(signature) != size {
			if c.Result == "valid" {
				w.t.Errorf("%s %d: a valid signature of %d bytes", name, i, len(signature))
			}
			continue
		}
		vectors = append(vectors, mutate.Vector{Algorithm: algorithm, Key: key, Signed: text, Signature: signature})
		ids = append(ids, i)
		// The example lets 32 KiB of headers pass, and base64 within base64 is 1.8 times as long.
		if bytes += len(key) + len(text) + len(signature) + 64; bytes > 12_000 {
			flush()
		}
	}
	flush()
	return len(g.Tests)
}

// wycheproofGroup are the tests of one key.
type wycheproofGroup struct {
	KeyDER string `json:"keyDer"`
	Tests  []struct {
		Text      string `json:"msg"`
		Signature string `json:"sig"`
		Result    string `json:"result"`
	} `json:"tests"`
}

// size is the length of a signature by the group's key (RFC 7518 section 3.4, RFC
// 8017 section 8.2.2).
func (g wycheproofGroup) size(t *testing.T, der []byte) int {
	t.Helper()
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	if ec, ok := key.(*ecdsa.PublicKey); ok {
		return 2 * ((ec.Params().BitSize + 7) / 8)
	}
	return key.(*rsa.PublicKey).Size()
}

func readWycheproof(t *testing.T, path string) []wycheproofGroup {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []wycheproofGroup `json:"testGroups"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Groups
}

// wycheproofDir has Go fetch the vectors. They are no Go package that go.mod
// could require.
func wycheproofDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", wycheproofModule).Output()
	var module struct{ Dir, Sum, Error string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	if err != nil || module.Sum != wycheproofSum {
		t.Fatalf("%s: %v, %s, sum %q, want %q", wycheproofModule, err, module.Error, module.Sum, wycheproofSum)
	}
	return module.Dir
}
