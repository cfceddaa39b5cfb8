// Package migration knows the numbered series in sql/schema: how its files are named, how schema.sum
// chains them, where the frozen definition blocks stand, and how the next pair is written.
//
// A definition file (sql/functions, sql/views, sql/triggers) is the present and is edited in place; a
// block in a migration is a frozen copy of it. The newest block of a path is what the history says about
// that path, so no lock file is needed: the series itself is the state.
package migration

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Pair is one migration: NNNNNN_name.up.sql and NNNNNN_name.down.sql.
type Pair struct {
	Version  uint
	Name     string
	Up, Down string
}

// UpFile is the name of the file that goes forward.
func (p Pair) UpFile() string { return fmt.Sprintf("%06d_%s.up.sql", p.Version, p.Name) }

// DownFile is the name of the file that goes back.
func (p Pair) DownFile() string { return fmt.Sprintf("%06d_%s.down.sql", p.Version, p.Name) }

var fileName = regexp.MustCompile(`^(\d{6})_([a-z][a-z0-9_]*)\.(up|down)\.sql$`)

// Load reads the series from the root of fsys and sorts it by number. It refuses files whose name it
// cannot read, halves of a pair and two pairs with one number; gaps are for Contiguous to find.
func Load(fsys fs.FS) ([]Pair, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	type halves struct{ up, down bool }
	pairs := map[string]*Pair{}
	seen := map[string]*halves{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".sql") {
			continue
		}
		part := fileName.FindStringSubmatch(entry.Name())
		if part == nil {
			return nil, fmt.Errorf("%s is not named like 000042_some_name.up.sql", entry.Name())
		}
		text, err := fs.ReadFile(fsys, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", entry.Name(), err)
		}
		key := part[1] + "_" + part[2]
		if pairs[key] == nil {
			version, err := strconv.ParseUint(part[1], 10, 32)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", entry.Name(), err)
			}
			pairs[key] = &Pair{Version: uint(version), Name: part[2]}
			seen[key] = &halves{}
		}
		if part[3] == "up" {
			pairs[key].Up, seen[key].up = string(text), true
		} else {
			pairs[key].Down, seen[key].down = string(text), true
		}
	}
	series := make([]Pair, 0, len(pairs))
	for key, pair := range pairs {
		if !seen[key].up || !seen[key].down {
			return nil, fmt.Errorf("migration %s has only one of its two files", key)
		}
		series = append(series, *pair)
	}
	slices.SortFunc(series, func(a, b Pair) int { return int(a.Version) - int(b.Version) })
	for i := 1; i < len(series); i++ {
		if series[i].Version == series[i-1].Version {
			return nil, fmt.Errorf("two migrations have number %06d: %s and %s",
				series[i].Version, series[i-1].Name, series[i].Name)
		}
	}
	return series, nil
}

// Contiguous refuses a series that does not count 1, 2, 3 and so on: golang-migrate silently skips a
// number that lands below the version a database already has.
func Contiguous(series []Pair) error {
	for i, pair := range series {
		if pair.Version != uint(i)+1 {
			return fmt.Errorf("migration number %06d is missing: %s follows number %06d", i+1, pair.UpFile(), i)
		}
	}
	return nil
}

// Sum is the text of schema.sum: one line per file, each hash chained to the one before, so that an
// edited, inserted or reordered file changes every line after it and two branches that both add a
// migration collide here.
func Sum(series []Pair) string {
	var out strings.Builder
	previous := ""
	line := func(name, text string) {
		hash := sha256.Sum256([]byte(previous + "\n" + name + "\n" + text))
		previous = hex.EncodeToString(hash[:])
		fmt.Fprintf(&out, "%s  %s\n", previous, name)
	}
	for _, pair := range series {
		line(pair.UpFile(), pair.Up)
		line(pair.DownFile(), pair.Down)
	}
	return out.String()
}

// Block is the frozen copy of one definition file inside an up migration.
type Block struct {
	Path    string // "functions/inventory/post_movement.sql"
	Hash    string // first 16 hex digits of the file's sha256, or "dropped"
	Text    string // the file's text; of a dropped definition the DROP statements
	Version uint   // the migration that holds it
}

// IsDropped says whether the definition ended with this version.
func (b Block) IsDropped() bool { return b.Hash == droppedHash }

const droppedHash = "dropped"

var blockHead = regexp.MustCompile(`^-- >>> (\S+) (?:sha256:([0-9a-f]{16})|(dropped))$`)

// Blocks reads the frozen definitions of one up migration.
func Blocks(pair Pair) ([]Block, error) {
	var blocks []Block
	var open *Block
	var text []string
	for number, line := range strings.Split(pair.Up, "\n") {
		head := blockHead.FindStringSubmatch(line)
		switch {
		case head != nil && open != nil:
			return nil, fmt.Errorf("%s:%d: block %s is not closed", pair.UpFile(), number+1, open.Path)
		case head != nil:
			open = &Block{Path: head[1], Hash: head[2] + head[3], Version: pair.Version}
			text = nil
		case open != nil && line == "-- <<< "+open.Path:
			open.Text = strings.Join(text, "\n") + "\n"
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			text = append(text, line)
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s: block %s is not closed", pair.UpFile(), open.Path)
	}
	return blocks, nil
}

// Recorded gives the newest block of every path in the series.
func Recorded(series []Pair) (map[string]Block, error) {
	recorded := map[string]Block{}
	for _, pair := range series {
		blocks, err := Blocks(pair)
		if err != nil {
			return nil, err
		}
		for _, block := range blocks {
			recorded[block.Path] = block
		}
	}
	return recorded, nil
}

// Hash is how a block names its text.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:16]
}
