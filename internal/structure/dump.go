// Package structure reads the structure of a database out of its catalogue: as a text to compare, as
// pg_dump's text, and as pages to read.
package structure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/devcluster"
)

// DumpVersion is the major version whose pg_dump writes sql/structure.sql; another version words some
// things differently.
const DumpVersion = 15

// ErrNoDump says that server and pg_dump are not both of DumpVersion.
var ErrNoDump = errors.New("no pg_dump and server of version " + strconv.Itoa(DumpVersion))

var (
	dumpVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)
	volatile    = regexp.MustCompile(`(?m)^(\\restrict .*|\\unrestrict .*|-- Dumped (from|by) .*)\n`)
	blankLines  = regexp.MustCompile(`\n{3,}`)
)

// Dump is pg_dump's text of the structure without what differs between two dumps of one structure. The
// table of versions belongs to the migrations and is left out.
func Dump(ctx context.Context, conn *pgx.Conn, url string, schemas ...string) (string, error) {
	server, err := strconv.Atoi(conn.PgConn().ParameterStatus("server_version")[:2])
	if err != nil || server != DumpVersion {
		return "", ErrNoDump
	}
	program, err := findDump(ctx)
	if err != nil {
		return "", err
	}
	arguments := []string{"--schema-only", "--no-owner", "--no-privileges", "--exclude-table=public.schema_migrations"}
	for _, schema := range schemas {
		arguments = append(arguments, "--schema="+schema)
	}
	command := exec.CommandContext(ctx, program, append(arguments, url)...)
	var complaint strings.Builder
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("pg_dump: %w: %s", err, complaint.String())
	}
	text := volatile.ReplaceAllString(string(output), "")
	return strings.TrimSpace(blankLines.ReplaceAllString(text, "\n\n")) + "\n", nil
}

// findDump looks where the server's programs are, then on PATH (on Debian that is a wrapper that may pick
// another version).
func findDump(ctx context.Context) (string, error) {
	folders, err := filepath.Glob(fmt.Sprintf("/usr/lib/postgresql/%d/bin/pg_dump", DumpVersion))
	if err != nil {
		return "", err
	}
	candidates := append(folders, "pg_dump")
	if programs, err := devcluster.Find(ctx, io.Discard); err == nil {
		candidates = append(candidates, filepath.Join(programs.BinDir, "pg_dump"))
	}
	for _, candidate := range candidates {
		output, err := exec.CommandContext(ctx, candidate, "--version").Output()
		if err != nil {
			continue
		}
		match := dumpVersion.FindSubmatch(output)
		if match != nil && string(match[1]) == strconv.Itoa(DumpVersion) {
			return candidate, nil
		}
	}
	return "", ErrNoDump
}
