//go:build kserve && !linux

package kserve

import "syscall"

// dieWithParent can promise nothing here.
func dieWithParent() *syscall.SysProcAttr { return nil }
