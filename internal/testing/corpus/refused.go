package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// Refused is a configuration that the gate refuses, for tests of a package that compiles
// a part of it.
type Refused struct {
	Path string
	Root strictjson.Value
	// Problems are filled while Root is read.
	Problems *strictjson.Problems
	want     []string
}

// LoadRefused reads all configurations in dir that are JSON objects, and the problems in
// the .want file beside each.
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

// Want returns the text of the problems that are in one of the sections, which are names at the
// root.
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
