package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/document"
)

// oneAlgorithmEach has one algorithm for each type of key.
const oneAlgorithmEach = "RS256,ES256,ES384,ES512,EdDSA"

const keysHelp = `Which published keys can verify tokens? FILE is a JWK Set, a JWK, a public key or a
certificate in PEM, or an object of those by kid, as IAP and Firebase publish it; in JSON
or YAML. The name - is standard input.
Prints for each key its kid, and the algorithms that it serves or the reason why it
serves none. Exit status 1: a document would be refused.

With -o json or yaml the result is one list, with an item for each file: file, keys
(kid, algorithm, skipped, refused) and error.`

func keysCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "keys [--algorithms LIST] [--svid] [-o FORM] FILE...",
		Short: "Say which published keys can verify tokens",
		Long:  keysHelp,
		Example: `  modelgate keys jwks.json
  modelgate keys --algorithms RS256,PS256 jwks.json`,
		Args: someArguments("a key set"),
	}
	algorithms := c.Flags().String("algorithms", oneAlgorithmEach, "`LIST` of the issuer's algorithms, separated by commas")
	svid := c.Flags().Bool("svid", false, "the issuer makes JWT-SVIDs: keys with the use jwt-svid serve it")
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(_ *cobra.Command, files []string) error {
		var status error
		sets := make([]keySet, len(files))
		for i, file := range files {
			sets[i] = t.examine(file, strings.Split(*algorithms, ","), *svid)
			if sets[i].Error != "" {
				status = errReported
			}
			if form.is(formText) {
				sets[i].write(t)
			}
		}
		if !form.is(formText) {
			if err := form.print(t.out, sets); err != nil {
				return err
			}
		}
		return status
	}
	return c
}

// keySet is what keys says of one file.
type keySet struct {
	File  string      `json:"file"`
	Keys  []keyReport `json:"keys,omitempty"`
	Error string      `json:"error,omitempty"` // why the document would be refused, or cannot be read
}

// keyReport is what keys says of one key. It has one of algorithm, skipped and refused.
type keyReport struct {
	ID        string `json:"kid"`
	Algorithm string `json:"algorithm,omitempty"` // that it serves
	Skipped   string `json:"skipped,omitempty"`   // why it serves none
	Refused   string `json:"refused,omitempty"`   // why the gate refuses the document with it
}

// examine says which keys of a file can verify tokens.
func (t *terminal) examine(file string, algorithms []string, svid bool) keySet {
	document, err := t.readKeys(file)
	if err != nil {
		return keySet{File: file, Error: err.Error()}
	}
	set := keySet{File: file}
	notes, err := authn.ExamineKeys(document, algorithms, svid)
	for _, n := range notes {
		k := keyReport{ID: n.ID, Algorithm: n.Algorithm}
		switch {
		case n.Refused:
			k.Algorithm, k.Refused = "", n.Why
		case n.Algorithm == "":
			k.Skipped = n.Why
		}
		set.Keys = append(set.Keys, k)
	}
	if err != nil {
		set.Error = file + ": refused: " + err.Error()
	}
	return set
}

// write writes what is said of a file as text.
func (s keySet) write(t *terminal) {
	for _, k := range s.Keys {
		text := "serves " + k.Algorithm
		switch {
		case k.Refused != "":
			text = "makes the gate refuse the document: " + k.Refused
		case k.Skipped != "":
			text = "skipped: " + k.Skipped
		}
		fmt.Fprintf(t.out, "%s: kid %q: %s\n", s.File, k.ID, text)
	}
	if s.Error != "" {
		fmt.Fprintln(t.err, s.Error)
	}
}

// readKeys returns the published keys in a file. YAML becomes JSON; PEM and a JSON string of
// PEM stay as they are.
func (t *terminal) readKeys(file string) (string, error) {
	text, name, err := t.read(file)
	if err != nil || strings.HasPrefix(text, "-----BEGIN") || strings.HasPrefix(text, `"`) {
		return text, err
	}
	keys, err := document.ToJSON(text)
	return keys, inFile(name, err)
}
