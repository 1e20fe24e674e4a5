package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Refused is a configuration that the gate is known to refuse, for a package
// that compiles a part of one.
type Refused struct {
	Path string
	Root strictjson.Value
	// Problems are filled while Root is read.
	Problems *strictjson.Problems
	want     []string
}

// LoadRefused reads all of them below dir that are JSON objects, with the
// problems beside each that the gate finds.
func LoadRefused(dir string) (all []Refused, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("no configurations in %s", dir)
	}
	for _, path := range paths {
		doc, errDoc := os.ReadFile(path)
		want, errWant := os.ReadFile(strings.TrimSuffix(path, ".json") + ".want")
		if errDoc != nil || errWant != nil {
			return nil, fmt.Errorf("%s: %v, %v", path, errDoc, errWant)
		}
		r := Refused{Path: path, Problems: &strictjson.Problems{}, want: strings.Split(strings.TrimSuffix(string(want), "\n"), "\n")}
		var ok bool
		if r.Root, ok = strictjson.Parse(string(doc), r.Problems); ok && r.Root.JSON().IsObject() {
			all = append(all, r)
		}
	}
	return all, err
}

// Want is the text of the problems that stand in one of the sections, which are
// top-level names.
func (r Refused) Want(sections ...string) string {
	var lines []string
	for _, line := range r.want {
		for _, section := range sections {
			if strings.HasPrefix(line, `"/`+section+`"`) || strings.HasPrefix(line, `"/`+section+"/") {
				lines = append(lines, line)
			}
		}
	}
	return strings.Join(lines, "\n")
}
