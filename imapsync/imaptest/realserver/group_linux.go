package realserver

import "syscall"

// ownGroup puts a server into a process group of its own, because Cyrus ends
// itself by a signal to its whole group, and lets the kernel stop it when the
// test binary dies without a chance to.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
