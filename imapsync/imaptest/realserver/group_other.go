//go:build !linux

package realserver

import "syscall"

// ownGroup puts a server into a process group of its own, because Cyrus ends
// itself by a signal to its whole group.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
