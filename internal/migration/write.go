package migration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var migrationName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

const (
	upTemplate   = lockTimeout + "\n"
	downTemplate = lockTimeout + "\n"
)

// Write makes or renews the newest migration in the sql folder and writes schema.sum. With the name of
// the newest migration, or no name at all, that one is renewed; another name opens the next number.
// It returns the path of the up file, or "" when the series is empty.
func Write(sqlFolder, name string) (string, error) {
	schema := filepath.Join(sqlFolder, "schema")
	series, err := Load(os.DirFS(schema))
	if err != nil {
		return "", err
	}
	definitions, err := Definitions(os.DirFS(sqlFolder))
	if err != nil {
		return "", err
	}
	if len(series) == 0 && name == "" {
		return "", writeIfChanged(filepath.Join(schema, "schema.sum"), Sum(series))
	}
	if name != "" && !migrationName.MatchString(name) {
		return "", fmt.Errorf("%q is no migration name: lower case letters, digits and underscores", name)
	}
	if name != "" && (len(series) == 0 || series[len(series)-1].Name != name) {
		next := Pair{Version: 1, Name: name, Up: upTemplate, Down: downTemplate}
		if len(series) > 0 {
			next.Version = series[len(series)-1].Version + 1
		}
		series = append(series, next)
	}
	newest, err := Generate(series, definitions)
	if err != nil {
		return "", err
	}
	series[len(series)-1] = newest
	sum := Sum(series)
	if err := refuseEditedRelease(sqlFolder, sum); err != nil {
		return "", err
	}
	upFile := filepath.Join(schema, newest.UpFile())
	for file, text := range map[string]string{
		upFile:                                   newest.Up,
		filepath.Join(schema, newest.DownFile()): newest.Down,
		filepath.Join(schema, "schema.sum"):      sum,
	} {
		if err := writeIfChanged(file, text); err != nil {
			return "", err
		}
	}
	return upFile, nil
}

// refuseEditedRelease keeps what a release has shipped: the schema.sum of the newest git tag must be the
// beginning of the new one. Without git or tags nothing is released and everything may change.
func refuseEditedRelease(sqlFolder, sum string) error {
	tag, err := exec.Command("git", "-C", sqlFolder, "describe", "--tags", "--abbrev=0").Output()
	if err != nil {
		return nil //nolint:nilerr // no git, no repository or no tag: nothing is released
	}
	release := strings.TrimSpace(string(tag))
	released, err := exec.Command("git", "-C", sqlFolder, "show", release+":./schema/schema.sum").Output()
	if err != nil {
		return nil //nolint:nilerr // that release had no series yet
	}
	if !strings.HasPrefix(sum, string(released)) {
		return fmt.Errorf("this would change a migration that release %s has shipped; put the change into a new one: make migration name=<what_changes>", release)
	}
	return nil
}

func writeIfChanged(file, text string) error {
	old, err := os.ReadFile(file)
	if err == nil && string(old) == text {
		return nil
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}
