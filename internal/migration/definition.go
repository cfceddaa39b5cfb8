package migration

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Definition is one file of the present: a function, a view, or a trigger with its function.
type Definition struct {
	Path string // "functions/inventory/post_movement.sql"
	Text string
}

// kinds in the order in which definitions are applied: a view may call a function, a trigger needs its
// function (and may stand on a view); a function's body is not looked into (check_function_bodies off).
var kinds = []string{"functions", "views", "triggers"}

func (d Definition) kind() string { return strings.SplitN(d.Path, "/", 2)[0] }

// Definitions reads functions, views and triggers from fsys (the sql folder) in the order in which they
// can be applied.
func Definitions(fsys fs.FS) ([]Definition, error) {
	var all []Definition
	for _, kind := range kinds {
		files, err := fs.Glob(fsys, kind+"/*/*.sql")
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", kind, err)
		}
		for _, file := range files {
			text, err := fs.ReadFile(fsys, file)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", file, err)
			}
			definition := Definition{Path: file, Text: string(text)}
			if !strings.HasSuffix(definition.Text, "\n") {
				return nil, fmt.Errorf("%s does not end with a newline", file)
			}
			if _, err := definition.drops(); err != nil {
				return nil, err
			}
			all = append(all, definition)
		}
	}
	return order(all), nil
}

// order sorts by kind and path, then moves every view behind the views it names.
func order(definitions []Definition) []Definition {
	rank := func(d Definition) int { return slices.Index(kinds, d.kind()) }
	slices.SortFunc(definitions, func(a, b Definition) int {
		if rank(a) != rank(b) {
			return rank(a) - rank(b)
		}
		return strings.Compare(a.Path, b.Path)
	})
	var sorted []Definition
	placed := map[string]bool{}
	var place func(d Definition)
	place = func(d Definition) {
		if placed[d.Path] {
			return
		}
		placed[d.Path] = true
		if d.kind() == "views" {
			for _, other := range definitions {
				if other.kind() == "views" && other.Path != d.Path && d.names(other) {
					place(other)
				}
			}
		}
		sorted = append(sorted, d)
	}
	for _, d := range definitions {
		place(d)
	}
	return sorted
}

// object is the qualified name a file stands for: functions/inventory/post.sql is inventory.post.
func (d Definition) object() string {
	return path.Base(path.Dir(d.Path)) + "." + strings.TrimSuffix(path.Base(d.Path), ".sql")
}

// names says whether the text of d speaks of the object of other.
func (d Definition) names(other Definition) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(other.object()) + `\b`).MatchString(d.Text)
}

var (
	commentOnFunction = regexp.MustCompile(`(?ism)^COMMENT\s+ON\s+(FUNCTION|PROCEDURE)\s+([a-z0-9_.]+\s*\(.*?\))\s+IS\s`)
	createFunction    = regexp.MustCompile(`(?ism)^CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\s+(.*?)\bLANGUAGE\b`)
	createTrigger     = regexp.MustCompile(`(?ism)^CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s+([a-z0-9_]+)\s.*?\bON\s+([a-z0-9_.]+)`)
	createView        = regexp.MustCompile(`(?ism)^CREATE\s+(?:OR\s+REPLACE\s+)?(?:RECURSIVE\s+)?VIEW\s+([a-z0-9_.]+)`)
	createMatView     = regexp.MustCompile(`(?ism)^CREATE\s+MATERIALIZED\s+VIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?([a-z0-9_.]+)`)
	lineComment       = regexp.MustCompile(`(?m)--.*$`)
	whiteSpace        = regexp.MustCompile(`\s+`)
)

// drops are the statements that take back everything the definition creates, dependents first.
func (d Definition) drops() ([]string, error) {
	var triggers, views, functions []string
	bare := lineComment.ReplaceAllString(d.Text, "")
	for _, match := range createTrigger.FindAllStringSubmatch(bare, -1) {
		triggers = append(triggers, fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s;", match[1], match[2]))
	}
	for _, match := range createMatView.FindAllStringSubmatch(bare, -1) {
		views = append(views, fmt.Sprintf("DROP MATERIALIZED VIEW IF EXISTS %s;", match[1]))
	}
	for _, match := range createView.FindAllStringSubmatch(bare, -1) {
		views = append(views, fmt.Sprintf("DROP VIEW IF EXISTS %s;", match[1]))
	}
	for _, match := range commentOnFunction.FindAllStringSubmatch(bare, -1) {
		functions = append(functions, fmt.Sprintf("DROP %s IF EXISTS %s;",
			strings.ToUpper(match[1]), whiteSpace.ReplaceAllString(match[2], " ")))
	}
	if created := len(createFunction.FindAllString(bare, -1)); created != len(functions) {
		return nil, fmt.Errorf("%s creates %d functions and has %d COMMENT ON FUNCTION lines; every function needs one, with its argument types",
			d.Path, created, len(functions))
	}
	all := slices.Concat(triggers, views, functions)
	if len(all) == 0 {
		return nil, fmt.Errorf("%s creates no function, view or trigger", d.Path)
	}
	return all, nil
}

// signature is what CREATE OR REPLACE cannot change: arguments, their names, and what is returned.
func (d Definition) signature() string {
	var parts []string
	for _, match := range createFunction.FindAllStringSubmatch(lineComment.ReplaceAllString(d.Text, ""), -1) {
		header := strings.TrimSpace(whiteSpace.ReplaceAllString(match[1], " "))
		parts = append(parts, strings.NewReplacer("( ", "(", " )", ")", " ,", ",").Replace(header))
	}
	return strings.Join(parts, "; ")
}
