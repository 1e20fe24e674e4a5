package strictjson

import (
	"strings"

	"github.com/modelgate/modelgate/internal/phrase"
)

// unknown says that a field has no known name, and which name was probably meant.
func unknown(name string, known []string) string {
	all := "known are " + strings.Join(known, ", ")
	if k := nearest(name, known); k != "" {
		return phrase.Sprintf("unknown field %q; did you mean %q? %s", name, k, all)
	}
	return phrase.Sprintf("unknown field %q; %s", name, all)
}

// nearest returns the known name that a misspelt one probably means, or "".
func nearest(name string, known []string) (found string) {
	least := min(2, len(name)/2) + 1 // short names are near to one another anyway
	for _, k := range known {
		if plain(k) == plain(name) {
			return k
		}
		if d := distance(name, k); d < least {
			found, least = k, d
		}
	}
	return found
}

// plain is a name without what differs between styles: case, "_" and "-".
func plain(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(name, "_", ""), "-", ""))
}

// distance is the Levenshtein distance: how many bytes must be inserted, deleted
// or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // of a[:i], to each b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
