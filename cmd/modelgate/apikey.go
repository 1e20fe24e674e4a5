package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"strings"
	"time"
)

// apiKeyEntry is one item of "apiKeys" in a configuration or in a published list.
type apiKeyEntry struct {
	SHA256    string   `json:"sha256"`
	Subject   string   `json:"subject"`
	Email     string   `json:"email,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	NotBefore string   `json:"notBefore,omitempty"`
	Until     string   `json:"until,omitempty"`
}

// apikey makes a key, or reads one, and prints its entry.
func apikey(args []string, std streams) int {
	set := newFlags("apikey", apikeyUsage, std)
	var e apiKeyEntry
	set.StringVar(&e.Subject, "subject", "", "")
	set.StringVar(&e.Email, "email", "", "")
	set.StringVar(&e.NotBefore, "not-before", "", "")
	set.StringVar(&e.Until, "until", "", "")
	groups, prefix, read := set.String("groups", "", ""), set.String("prefix", "mg_", ""), set.Bool("stdin", false, "")
	if !set.parse(args) {
		return exitUsage
	}
	if e.Subject == "" || set.NArg() > 0 {
		return set.wrong("--subject must say who has the key, and nothing else may be an argument")
	}
	for _, at := range []string{e.NotBefore, e.Until} {
		if _, err := time.Parse(time.RFC3339, at); at != "" && err != nil {
			return set.wrong("a time must be like 2026-12-31T00:00:00Z; got %q", at)
		}
	}
	if *groups != "" {
		e.Groups = strings.Split(*groups, ",")
	}
	key := newAPIKey(*prefix)
	if *read {
		given, err := io.ReadAll(std.in)
		if key = strings.TrimRight(string(given), "\r\n"); err != nil || len(key) < 16 || len(key) > 256 {
			return std.fail(fmt.Errorf("standard input must have a key of 16 to 256 characters; got %d", len(key)))
		}
	} else {
		fmt.Fprintln(std.out, key)
	}
	digest := sha256.Sum256([]byte(key))
	e.SHA256 = hex.EncodeToString(digest[:])
	line, err := json.Marshal(e)
	if err != nil {
		return std.fail(err)
	}
	fmt.Fprintln(std.out, string(line))
	return exitOK
}

// newAPIKey returns prefix, 256 random bits in 43 letters and digits, and a checksum of
// both in 6, by which a scanner can tell a key in a repository from any other word.
func newAPIKey(prefix string) string {
	random := make([]byte, 32)
	rand.Read(random) // never fails (crypto/rand)
	key := prefix + base62(new(big.Int).SetBytes(random), 43)
	return key + base62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(key)))), 6)
}

// base62 writes n in letters and digits, with zeros before it.
func base62(n *big.Int, size int) string {
	text := n.Text(62)
	return strings.Repeat("0", size-len(text)) + text
}
