package harness

import "syscall"

// dieWithParent makes the kernel kill Envoy if the test ends without stopping
// it, as it does after a panic or go test's own timeout.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
