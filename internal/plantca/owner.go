package plantca

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives the file the owner and group of the one that it takes the place of, where
// that is allowed.
func keepOwner(file string, old fs.FileInfo) {
	if stat, ok := old.Sys().(*syscall.Stat_t); ok {
		if os.Chown(file, int(stat.Uid), int(stat.Gid)) == nil && old.Mode().Perm()&0o077 == 0o040 {
			_ = os.Chmod(file, 0o640) //nolint:gosec // as wide as the file before, for the group that serves
		}
	}
}
