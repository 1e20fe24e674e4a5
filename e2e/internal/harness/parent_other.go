//go:build !linux

package harness

import "syscall"

// DieWithParent does nothing: only Linux has it.
func DieWithParent() *syscall.SysProcAttr { return nil }
