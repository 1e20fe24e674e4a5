package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"math/big"
	"strings"
	"testing"
)

func TestAPIKey(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     string
		args   []string
		status int
		out    string // part of it
		err    string // part of it
	}{
		{"a subject", "", []string{"--subject", "team-a"}, 0, `"subject":"team-a"}`, ""},
		{"all", "", []string{"--subject", "a", "--email", "a@b.c", "--groups", "x,y",
			"--not-before", "2026-01-01T00:00:00Z", "--until", "2027-01-01T00:00:00Z"}, 0,
			`"subject":"a","email":"a@b.c","groups":["x","y"],"notBefore":"2026-01-01T00:00:00Z","until":"2027-01-01T00:00:00Z"}`, ""},
		{"a key that exists", "sk-0123456789abcdef\n", []string{"--subject", "a", "--stdin"}, 0,
			`{"sha256":"` + sha256Of("sk-0123456789abcdef") + `","subject":"a"}`, ""},
		{"a key that is too short", "sk-1234\n", []string{"--subject", "a", "--stdin"}, 1, "",
			"standard input must have a key of 16 to 256 characters; got 7"},
		{"no subject", "", nil, 2, "", "--subject must say who has the key"},
		{"a time of another form", "", []string{"--subject", "a", "--until", "2027"}, 2, "",
			`a time must be like 2026-12-31T00:00:00Z; got "2027"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runCommand(noSecrets, c.in, append([]string{"apikey"}, c.args...)...)
			if got.status != c.status || !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
				t.Errorf("apikey %q = %+v\nwant %d, %s, %s", c.args, got, c.status, c.out, c.err)
			}
		})
	}
}

// TestAPIKeyForm: a new key has its prefix, 43 random characters and a checksum, and the
// line below it has its digest.
func TestAPIKeyForm(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		got := runCommand(noSecrets, "", "apikey", "--subject", "a", "--prefix", "corp-")
		key, line, _ := strings.Cut(strings.TrimSpace(got.out), "\n")
		random, ok := strings.CutPrefix(key, "corp-")
		if seen[key] || !ok || len(random) != 43+6 {
			t.Fatalf("the key is %q; want corp- and 49 characters, new each time", key)
		}
		seen[key] = true
		sum, ok := new(big.Int).SetString(key[len(key)-6:], 62)
		if want := crc32.ChecksumIEEE([]byte(key[:len(key)-6])); !ok || sum.Uint64() != uint64(want) {
			t.Errorf("%q has the checksum %v; want %d", key, sum, want)
		}
		var entry struct{ SHA256, Subject string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.SHA256 != sha256Of(key) {
			t.Errorf("%q has the line %s, %v", key, line, err)
		}
	}
}

func sha256Of(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
