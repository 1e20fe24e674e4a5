package harness

import "syscall"

// DieWithParent is for exec.Cmd.SysProcAttr: the kernel kills the child when the
// test's process ends without stopping it, as it does after a panic or go test's
// own timeout.
func DieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
