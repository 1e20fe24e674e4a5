package testbed

import (
	"fmt"
	"os"
)

// Run prepares what the tests of a package share and runs them: m is its testing.M. prepare
// gets the repository's root, and a directory that is removed after the tests. Run returns
// the exit status.
func Run(m interface{ Run() int }, prepare func(root, dir string) error) int {
	dir, err := os.MkdirTemp("", "modelgate")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	root, err := Root()
	if err == nil {
		err = prepare(root, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
