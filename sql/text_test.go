package millracesql_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// arrows says which rooms' names the SQL of a room may use, besides its own: what it stands on. event and
// audit are called by all and call none; reporting reads all and none reads it.
var arrows = map[string][]string{
	"catalog":    {},
	"inventory":  {"catalog"},
	"purchasing": {"catalog", "inventory"},
	"production": {"catalog", "inventory"},
	"sales":      {"catalog", "inventory"},
	"shipping":   {"catalog", "inventory", "sales"},
	"billing":    {"catalog", "inventory", "sales", "shipping"},
	"costing":    {"catalog", "inventory", "purchasing", "production", "sales", "shipping", "billing"},
	"planning":   {"catalog", "inventory", "purchasing", "production", "sales", "shipping", "billing", "costing"},
	"document":   {"catalog", "inventory", "purchasing", "production", "sales", "shipping", "billing", "costing"},
	"notify":     {"catalog", "shipping", "billing", "document", "river"},
	"export":     {"catalog", "inventory", "costing"},
	"floor":      {"catalog", "inventory", "purchasing", "production", "sales", "shipping", "billing", "document", "identity", "river"},
	"identity":   {"catalog"},
	"reporting": {
		"catalog", "inventory", "purchasing", "production", "sales", "shipping", "billing", "costing",
		"planning", "document", "export", "identity", "notify", "event", "audit",
	},
	"event": {"river", "audit"}, // audit: a webhook's address is master data
	"audit": {"event"},          // who acts is told by the request
	// No rooms, but the queries of programs.
	"replica":  {},
	"demo":     {"catalog", "inventory", "notify", "river"},
	"takeover": {"catalog", "inventory", "purchasing", "production"},
}

func mayName(room, other string) bool {
	if room == other || slices.Contains(arrows[room], other) {
		return true
	}
	return (other == "event" || other == "audit") && room != "event" && room != "audit"
}

// sqlFiles gives the text of every SQL file here that is written by hand.
func sqlFiles(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".sql") {
				return err
			}
			text, err := os.ReadFile(path)
			files[path] = string(text)
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return files
}

func TestSQLFilesAreTidy(t *testing.T) {
	t.Parallel()
	rules := []struct {
		wrong *regexp.Regexp
		say   string
	}{
		{regexp.MustCompile(`\t`), "a tab; indent with 4 spaces"},
		{regexp.MustCompile(`(?m)[ ]+$`), "a blank at the end of a line"},
		{regexp.MustCompile(`\r`), "a carriage return"},
		{regexp.MustCompile(`\)\s*\)\s*\.\*`), "(f(...)).*, which calls f once per column; write SELECT ... FROM f(...)"},
		{regexp.MustCompile(`[^\n]\z`), "no newline at the end"},
	}
	for path, text := range sqlFiles(t, "schema", "functions", "triggers", "views", "queries", "checks") {
		for _, rule := range rules {
			if at := rule.wrong.FindStringIndex(text); at != nil {
				t.Errorf("%s:%d: %s", path, 1+strings.Count(text[:at[0]], "\n"), rule.say)
			}
		}
	}
}

var raise = regexp.MustCompile(`(?i)\bRAISE\s+(EXCEPTION|'')[^;]*;`)

func TestEveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	for path, text := range sqlFiles(t, "functions", "triggers", "views") {
		bare := bareSQL(text)
		for _, at := range raise.FindAllStringIndex(bare, -1) {
			if !regexp.MustCompile(`(?i)\bERRCODE\s*=`).MatchString(bare[at[0]:at[1]]) {
				t.Errorf("%s:%d: RAISE EXCEPTION without ERRCODE", path, 1+strings.Count(bare[:at[0]], "\n"))
			}
		}
	}
}

func TestChecksSayTheirInvariant(t *testing.T) {
	t.Parallel()
	for path, text := range sqlFiles(t, "checks") {
		if !strings.HasPrefix(text, "-- ") {
			t.Errorf("%s: the first line must be a comment that states the invariant", path)
		}
		if statement := strings.TrimSpace(bareSQL(text)); !regexp.MustCompile(`(?is)^(SELECT|WITH)\b[^;]*;?$`).MatchString(statement) {
			t.Errorf("%s: a check is one SELECT", path)
		}
	}
}

func TestRoomsNameOnlyWhatTheyStandOn(t *testing.T) {
	t.Parallel()
	rooms := "river"
	for room := range arrows {
		rooms += "|" + room
	}
	named := regexp.MustCompile(`\b(` + rooms + `)\.[a-z_]+`)
	for path, text := range sqlFiles(t, "functions", "triggers", "views", "queries") {
		room := strings.Split(path, "/")[1]
		if _, isKnown := arrows[room]; !isKnown {
			t.Errorf("%s: room %s has no arrows in text_test.go", path, room)
			continue
		}
		bare := bareSQL(text)
		for _, at := range named.FindAllStringSubmatchIndex(bare, -1) {
			if other := bare[at[2]:at[3]]; !mayName(room, other) {
				t.Errorf("%s:%d: %s may not know %s", path, 1+strings.Count(bare[:at[0]], "\n"), room, bare[at[0]:at[1]])
			}
		}
	}
}

// bareSQL takes comments out and empties string literals, keeping the lines. Dollar quotes are looked
// into: that is where functions are.
func bareSQL(text string) string {
	var bare strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "--"):
			for i < len(text) && text[i] != '\n' {
				i++
			}
			bare.WriteByte('\n')
		case strings.HasPrefix(text[i:], "/*"):
			for i < len(text) && !strings.HasPrefix(text[i:], "*/") {
				if text[i] == '\n' {
					bare.WriteByte('\n')
				}
				i++
			}
			i++
		case text[i] == '\'':
			bare.WriteString("''")
			for i++; i < len(text) && text[i] != '\''; i++ {
				if text[i] == '\n' {
					bare.WriteByte('\n')
				}
			}
		default:
			bare.WriteByte(text[i])
		}
	}
	return bare.String()
}
