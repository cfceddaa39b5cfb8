// Package millracesql carries the database's own source inside the binaries: go:embed cannot reach
// upward, so this is the one Go file (tests aside) in the sql folder.
package millracesql

import (
	"embed"
	"fmt"
	"io/fs"
)

// Files holds the folders as they stand in the repository, such as "checks/inventory/balance.sql".
//
//go:embed schema functions triggers views checks replica/*.sql
var Files embed.FS

// Schema is the numbered series of migrations.
func Schema() fs.FS {
	schema, err := fs.Sub(Files, "schema")
	if err != nil {
		panic(err) // the name is a constant; it cannot be wrong
	}
	return schema
}

// Check is one invariant: a SELECT that must return no rows.
type Check struct {
	Name string // "inventory/balance_is_sum_of_movements"
	SQL  string
}

// Checks lists all invariants by name.
func Checks() ([]Check, error) {
	files, err := fs.Glob(Files, "checks/*/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list the checks: %w", err)
	}
	checks := make([]Check, 0, len(files))
	for _, file := range files {
		text, err := fs.ReadFile(Files, file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		checks = append(checks, Check{Name: file[len("checks/") : len(file)-len(".sql")], SQL: string(text)})
	}
	return checks, nil
}

// Replica is one of the two statements that set a replica up: "publication" or "subscription".
func Replica(name string) string {
	text, err := Files.ReadFile("replica/" + name + ".sql")
	if err != nil {
		panic(err) // the name is a constant; it cannot be wrong
	}
	return string(text)
}
