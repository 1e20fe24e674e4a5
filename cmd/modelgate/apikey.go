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

	"github.com/spf13/cobra"
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

const apikeyHelp = `Makes an API key. Prints the key, which nobody can find out again, and on the next
line its entry for "apiKeys" in a configuration or a published list. The key is the
prefix, 43 random letters and digits, and a checksum in 6.

With -o json or yaml the result is one object: key, and entry.`

func apikeyCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use: "apikey --subject NAME [--email ADDRESS] [--groups LIST] [--not-before TIME] [--until TIME]\n" +
			"                   [--prefix PREFIX] [--stdin] [-o FORM]",
		Short: "Make an API key",
		Long:  apikeyHelp,
		Example: `  modelgate apikey --subject team-a --groups research --until 2027-01-01T00:00:00Z
  modelgate apikey --subject team-a --stdin < key.txt`,
		Args: noArguments,
	}
	var e apiKeyEntry
	c.Flags().StringVar(&e.Subject, "subject", "", "`NAME` of who has the key")
	c.Flags().StringVar(&e.Email, "email", "", "`ADDRESS` of who has the key")
	c.Flags().StringVar(&e.NotBefore, "not-before", "", "`TIME` before which the key does not count")
	c.Flags().StringVar(&e.Until, "until", "", "`TIME` from which the key does not count any more")
	groups := c.Flags().String("groups", "", "`LIST` of groups, separated by commas")
	prefix := c.Flags().String("prefix", "mg_", "with which the key begins: a `PREFIX`")
	read := c.Flags().Bool("stdin", false, "read a key that exists, and print its entry only")
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(*cobra.Command, []string) error {
		if e.Subject == "" {
			return wrong("--subject must say who has the key")
		}
		for _, at := range []string{e.NotBefore, e.Until} {
			if _, err := time.Parse(time.RFC3339, at); at != "" && err != nil {
				return wrong("a time must be like 2026-12-31T00:00:00Z; got %q", at)
			}
		}
		if *groups != "" {
			e.Groups = strings.Split(*groups, ",")
		}
		return t.apikey(e, *prefix, *read, form)
	}
	return c
}

// apiKey is what apikey prints. Key is "" if it was read.
type apiKey struct {
	Key   string      `json:"key,omitempty"`
	Entry apiKeyEntry `json:"entry"`
}

// apikey makes a key, or reads one, and prints its entry.
func (t *terminal) apikey(e apiKeyEntry, prefix string, read bool, form *format) error {
	made := apiKey{Key: newAPIKey(prefix), Entry: e}
	key := made.Key
	if read {
		given, err := io.ReadAll(t.in)
		if key = strings.TrimRight(string(given), "\r\n"); err != nil || len(key) < 16 || len(key) > 256 {
			return fmt.Errorf("standard input must have a key of 16 to 256 characters; got %d", len(key))
		}
		made.Key = ""
	}
	digest := sha256.Sum256([]byte(key))
	made.Entry.SHA256 = hex.EncodeToString(digest[:])
	if !form.is(formText) {
		return form.print(t.out, made)
	}
	if made.Key != "" {
		fmt.Fprintln(t.out, made.Key)
	}
	return json.NewEncoder(t.out).Encode(made.Entry)
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
