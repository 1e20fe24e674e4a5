package driver_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestLinesHaveOnePrefix: whatever the module and the library log begins with "model gate: ". The builds
// with faults are for tests.
func TestLinesHaveOnePrefix(t *testing.T) {
	lines := 0
	for _, dir := range []string{".", "..", "../native"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || files == nil {
			t.Fatal(dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(filepath.Base(file), "fault_") {
				continue
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || !isLog(call) {
					return true
				}
				text, isText := call.Args[1].(*ast.BasicLit)
				switch value := ""; {
				case isText:
					lines++
					value, _ = strconv.Unquote(text.Value)
					if !strings.HasPrefix(value, "model gate: ") {
						t.Errorf("%s: the line begins with %q", set.Position(n.Pos()), value)
					}
				case call.Ellipsis == token.NoPos: // parts that are handed on have it
					t.Errorf("%s: nothing tells how the line begins", set.Position(n.Pos()))
				}
				return true
			})
		}
	}
	if lines < 20 {
		t.Errorf("%d lines, want those of the filter, the driver and the library", lines)
	}
}

// isLog reports whether a call logs a line: Log or logLine with a level and parts.
func isLog(call *ast.CallExpr) bool {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		name = f.Sel.Name
	case *ast.Ident:
		name = f.Name
	}
	return (name == "Log" || name == "logLine") && len(call.Args) >= 2
}
