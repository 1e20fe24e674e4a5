package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// everyAlgorithm holds one for each type of key: a key that states no alg of
// its own can serve one algorithm only.
const everyAlgorithm = "RS256,ES256,ES384,ES512,EdDSA"

// examine says what would become of published keys.
func examine(args []string, out, errs io.Writer) int {
	set := flag.NewFlagSet("keys", flag.ContinueOnError)
	algorithms := set.String("algorithms", everyAlgorithm, "")
	if !flags(set, args, errs) || set.NArg() == 0 {
		fmt.Fprint(errs, usage)
		return 2
	}
	status := 0
	for _, file := range set.Args() {
		document, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(errs, err)
			status = 1
			continue
		}
		notes, err := authn.ExamineKeys(string(document), strings.Split(*algorithms, ","))
		for _, n := range notes {
			fmt.Fprintf(out, "%s: kid %q: %s\n", file, n.ID, becomes(n))
		}
		if err != nil {
			fmt.Fprintf(errs, "%s: refused: %v\n", file, err)
			status = 1
		}
	}
	return status
}

func becomes(n authn.KeyNote) string {
	switch {
	case n.Refused:
		return "refuses the document: " + n.Why
	case n.Algorithm == "":
		return "passed over: " + n.Why
	}
	return "serves " + n.Algorithm
}
