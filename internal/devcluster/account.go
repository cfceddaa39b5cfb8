//go:build unix

package devcluster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who runs the server: ourselves, or for root somebody else.
type account struct {
	name     string
	uid, gid uint32
	isOther  bool
}

// serverAccount picks postgres, else nobody, when we are root. The account must exist: Postgres looks
// its own name up.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{name: strconv.Itoa(os.Geteuid()), uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return account{}, fmt.Errorf("read user %s: %w", name, err)
		}
		return account{name: name, uid: uint32(uid), gid: uint32(gid), isOther: true}, nil
	}
	return account{}, errors.New("postgres refuses to run as root, and there is no user postgres or nobody to run it as")
}

// attributes run a program as the account.
func (a account) attributes() *syscall.SysProcAttr {
	if !a.isOther {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: a.uid, Gid: a.gid}}
}

// own gives a file or folder to the account.
func (a account) own(file string) error {
	if !a.isOther {
		return nil
	}
	if err := os.Chown(file, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("give %s to user %s: %w", file, a.name, err)
	}
	return nil
}

// blockedBy names the first existing folder on the way to dir that the account may not enter.
func (a account) blockedBy(dir string) string {
	if !a.isOther {
		return ""
	}
	if parent := filepath.Dir(dir); parent != dir {
		if blocked := a.blockedBy(parent); blocked != "" {
			return blocked
		}
	}
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		return dir
	}
	needed := fs.FileMode(0o001)
	if stat, isUnix := info.Sys().(*syscall.Stat_t); isUnix {
		switch {
		case stat.Uid == a.uid:
			needed = 0o100
		case stat.Gid == a.gid:
			needed = 0o010
		}
	}
	if info.Mode().Perm()&needed == 0 {
		return dir
	}
	return ""
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
