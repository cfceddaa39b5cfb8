// Package millracesql carries the database's own source inside the binaries: go:embed cannot reach
// upward, so this is the one Go file (tests aside) in the sql folder.
package millracesql

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// Files holds the folders as they stand in the repository, such as "checks/inventory/balance.sql".
//
//go:embed schema functions triggers views checks replica/*.sql ledgers/*.sql structure.sql roles/*.sql
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

// Index is one that the series of migrations leaves behind, on its own or as what holds a constraint.
type Index struct {
	Table      string `json:"table"`      // "inventory.movement"
	Name       string `json:"name"`       // "movement_lot_id_idx"
	Definition string `json:"definition"` // what follows "USING", or the constraint
	Remedy     string `json:"remedy"`     // the statement that makes it
}

var (
	indexStatement      = regexp.MustCompile(`(?m)^CREATE (?:UNIQUE )?INDEX (\S+) ON (?:ONLY )?(\S+) USING (.+);$`)
	constraintStatement = regexp.MustCompile(`(?m)^ALTER TABLE ONLY (\S+)\n    ADD CONSTRAINT (\S+) ((?:PRIMARY KEY|UNIQUE|EXCLUDE) .+);$`)
	attachedIndex       = regexp.MustCompile(`(?m)^ALTER INDEX \S+ ATTACH PARTITION [^.\s]+\.(\S+);$`)
	onlyParent          = regexp.MustCompile(`(ON|TABLE) ONLY `)
)

// Indexes lists what the head of the series has, as structure.sql says it. Those of partitions come and go with their parent's.
func Indexes() ([]Index, error) {
	text, err := fs.ReadFile(Files, "structure.sql")
	if err != nil {
		return nil, fmt.Errorf("read the structure: %w", err)
	}
	ofPartition := map[string]bool{}
	for _, m := range attachedIndex.FindAllStringSubmatch(string(text), -1) {
		ofPartition[m[1]] = true
	}
	var indexes []Index
	for _, m := range indexStatement.FindAllStringSubmatch(string(text), -1) {
		if ofPartition[m[1]] {
			continue
		}
		remedy := onlyParent.ReplaceAllString(m[0], "$1 ")
		indexes = append(indexes, Index{Table: m[2], Name: m[1], Definition: m[3], Remedy: remedy})
	}
	for _, m := range constraintStatement.FindAllStringSubmatch(string(text), -1) {
		if ofPartition[m[2]] {
			continue
		}
		remedy := "ALTER TABLE " + m[1] + " ADD CONSTRAINT " + m[2] + " " + m[3] + ";"
		indexes = append(indexes, Index{Table: m[1], Name: m[2], Definition: m[3], Remedy: remedy})
	}
	return indexes, nil
}

// Replica is one of the two statements that set a replica up: "publication" or "subscription".
func Replica(name string) string {
	text, err := Files.ReadFile("replica/" + name + ".sql")
	if err != nil {
		panic(err) // the name is a constant; it cannot be wrong
	}
	return string(text)
}

// Ledger is one of the texts by which sealed tables are read, such as "rows", with its {places} filled: old and new in turn. They
// do not stand in the database, which could be made to tell something else.
func Ledger(name string, places ...string) string {
	text, err := Files.ReadFile("ledgers/" + name + ".sql")
	if err != nil {
		panic(err) // the name is a constant; it cannot be wrong
	}
	return strings.NewReplacer(places...).Replace(string(text))
}

// Roles are the statements that give everybody the rights they need and no more, in the order in which they are run: all in
// one transaction, as often as one likes. replica is for a reporting replica.
func Roles(replica bool) []string {
	pattern := "roles/[0-9]*.sql"
	if replica {
		pattern = "roles/replica.sql"
	}
	files, err := fs.Glob(Files, pattern)
	if err != nil {
		panic(err) // the patterns are constants; they cannot be wrong
	}
	statements := make([]string, len(files))
	for i, file := range files {
		text, err := Files.ReadFile(file)
		if err != nil {
			panic(err)
		}
		statements[i] = string(text)
	}
	return statements
}
