// Command rivermigrations writes River's own migrations as numbered pairs into sql/schema, one pair per
// River version, with the row that River's own runner would record:
//
//	make river-migrations
//
// Versions whose pair exists are left alone, so after an upgrade of River only the new ones are added at
// the end of the series.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/millrace-erp/millrace/internal/migration"
)

// Before River's version 5 the table of versions had no column for the line.
const lineSince = 5

func main() {
	folder := flag.String("sql", "sql", "the sql folder")
	flag.Parse()
	if err := write(*folder); err != nil {
		fmt.Fprintln(os.Stderr, "river-migrations:", err)
		os.Exit(1)
	}
}

func write(sqlFolder string) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		return fmt.Errorf("open River's migrations: %w", err)
	}
	schema := filepath.Join(sqlFolder, "schema")
	series, err := migration.Load(os.DirFS(schema))
	if err != nil {
		return err
	}
	next := uint(2) // 000001 makes the schemas
	if len(series) > 0 {
		next = series[len(series)-1].Version + 1
	}
	for _, version := range migrator.AllVersions() {
		pair := migration.Pair{Version: next, Name: pairName(version)}
		if slices.ContainsFunc(series, func(p migration.Pair) bool { return p.Name == pair.Name }) {
			continue
		}
		pair.Up, pair.Down = upText(version), downText(version)
		for file, text := range map[string]string{pair.UpFile(): pair.Up, pair.DownFile(): pair.Down} {
			if err := os.WriteFile(filepath.Join(schema, file), []byte(text), 0o644); err != nil {
				return fmt.Errorf("write River's version %d: %w", version.Version, err)
			}
		}
		fmt.Println(filepath.Join(schema, pair.UpFile()))
		next++
	}
	return nil
}

func pairName(version rivermigrate.Migration) string {
	title := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(version.Name))
	return fmt.Sprintf("river_%03d_%s", version.Version, title)
}

func upText(version rivermigrate.Migration) string {
	insert := fmt.Sprintf("INSERT INTO river.river_migration (line, version) VALUES ('main', %d);", version.Version)
	if version.Version < lineSince {
		insert = fmt.Sprintf("INSERT INTO river.river_migration (version) VALUES (%d);", version.Version)
	}
	return head(version) + body(version.SQLUp) + "\n" + insert + "\n"
}

// downText removes the row last, like River's runner; version 1 takes the whole table with it.
func downText(version rivermigrate.Migration) string {
	text := head(version) + body(version.SQLDown)
	switch {
	case version.Version == 1:
		return text
	case version.Version <= lineSince: // the way down from 5 has brought the old table back
		return text + fmt.Sprintf("\nDELETE FROM river.river_migration WHERE version = %d;\n", version.Version)
	default:
		return text + fmt.Sprintf("\nDELETE FROM river.river_migration WHERE line = 'main' AND version = %d;\n", version.Version)
	}
}

func head(version rivermigrate.Migration) string {
	return fmt.Sprintf("-- River's version %d (%s), written by `make river-migrations`. Code generated, DO NOT EDIT.\n\n",
		version.Version, version.Name)
}

// body puts River's SQL into schema river, in our form: no trailing blanks, no tabs, a newline at the end.
func body(text string) string {
	text = strings.ReplaceAll(text, "/* TEMPLATE: schema */", "river.")
	text = strings.ReplaceAll(text, "\t", "    ")
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	text = strings.Trim(strings.Join(lines, "\n"), "\n")
	if !strings.HasSuffix(text, ";") {
		text += ";"
	}
	return text + "\n"
}
