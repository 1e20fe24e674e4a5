package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// oneAlgorithmEach has one algorithm for each type of key.
const oneAlgorithmEach = "RS256,ES256,ES384,ES512,EdDSA"

// keys tells which keys of published documents can verify tokens.
func keys(args []string, std streams) int {
	set := newFlags("keys", keysUsage, std)
	algorithms := set.String("algorithms", oneAlgorithmEach, "")
	svid := set.Bool("svid", false, "")
	if !set.parse(args) {
		return exitUsage
	}
	if set.NArg() == 0 {
		return set.wrong("the name of a key set is missing")
	}
	status := exitOK
	for _, file := range set.Args() {
		document, err := os.ReadFile(file)
		if err != nil {
			status = std.fail(err)
			continue
		}
		notes, err := authn.ExamineKeys(string(document), strings.Split(*algorithms, ","), *svid)
		for _, n := range notes {
			fmt.Fprintf(std.out, "%s: kid %q: %s\n", file, n.ID, describe(n))
		}
		if err != nil {
			status = std.fail(fmt.Errorf("%s: refused: %w", file, err))
		}
	}
	return status
}

// describe returns what a key is good for.
func describe(n authn.KeyNote) string {
	switch {
	case n.Refused:
		return "makes the gate refuse the document: " + n.Why
	case n.Algorithm == "":
		return "skipped: " + n.Why
	}
	return "serves " + n.Algorithm
}
