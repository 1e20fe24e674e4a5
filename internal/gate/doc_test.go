package gate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docRow is a line of the tables in doc.go: number, package, function, text.
var docRow = regexp.MustCompile(`^//\t\d+ +([a-z]+) +([A-Za-z]+(?:\.[A-Za-z]+)?) +\S`)

// TestDocNamesFunctions: each function that doc.go names exists. If it is renamed, doc.go
// must follow.
func TestDocNamesFunctions(t *testing.T) {
	dirs := map[string]string{
		"driver": "../../filter/driver", "gate": ".",
		"authn": "../authn", "authz": "../authz", "inference": "../inference", "keys": "../keys",
		"signature": "../signature", "replay": "../replay",
	}
	functions := map[string]map[string]bool{}
	for name, dir := range dirs {
		functions[name] = functionsOf(t, dir)
	}
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "//\t") {
			continue
		}
		row := docRow.FindStringSubmatch(line)
		if row == nil {
			t.Errorf("doc.go has the line %q, want number, package, function and text", line)
			continue
		}
		rows++
		if !functions[row[1]][row[2]] {
			t.Errorf("doc.go names %s of package %s, which does not exist", row[2], row[1])
		}
	}
	if rows < 30 {
		t.Errorf("doc.go has %d lines in its tables, want 30 or more", rows)
	}
}

// functionsOf returns the functions and methods of the package in dir, methods as
// Type.method.
func functionsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s has no Go files: %v", dir, err)
	}
	functions := map[string]bool{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				functions[receiver(f)+f.Name.Name] = true
			}
		}
	}
	return functions
}

// receiver returns "Type." for a method, and "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	typ := f.Recv.List[0].Type
	if pointer, ok := typ.(*ast.StarExpr); ok {
		typ = pointer.X
	}
	name, _ := typ.(*ast.Ident)
	return name.Name + "."
}
