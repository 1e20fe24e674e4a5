//go:build !linux

package harness

import "syscall"

// dieWithParent can promise nothing here.
func dieWithParent() *syscall.SysProcAttr { return nil }
