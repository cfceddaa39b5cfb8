package main

import "syscall"

// endWithParent has the kernel stop a server when we are killed.
func endWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGTERM }
