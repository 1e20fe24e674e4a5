//go:build kserve

package kserve

import "syscall"

// dieWithParent makes the kernel kill a server if the test ends without stopping
// it, as it does after a panic or go test's own timeout.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
