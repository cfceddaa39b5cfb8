package access_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/testdb"
)

// TestTablesOfASiteHavePolicies: a table that names a site has row security, or is read through one that has.
func TestTablesOfASiteHavePolicies(t *testing.T) {
	t.Parallel()
	without := lines(t, testdb.New(t).Pool, `SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT c.relrowsecurity
		  AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'site_id' AND NOT a.attisdropped)
		ORDER BY 1`)
	known := []string{
		"billing.number_series",                          // read by who draws a number, for a site that was found before
		"costing.account_total", "costing.journal_entry", // the books are the company's
		"inventory.lot_site",            // read by the policy of lots
		"shipping.delivery_note_series", // as the numbers of invoices
		"shipping.sscc_series",          // as well
	}
	if !slices.Equal(without, known) {
		t.Errorf("without a policy are %v, and known to need none are %v", without, known)
	}
}

// TestEveryTopicHasItsSites: what events are about is looked up when a reader works for some sites; of what is not, it is said here that
// nobody hears of it who does not work for all.
func TestEveryTopicHasItsSites(t *testing.T) {
	t.Parallel()
	company := strings.Fields(`badge check client device export job journal mail operator role session webhook_endpoint`)
	found, err := os.ReadFile("../../sql/functions/floor/list_event_sites.sql")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../sql/functions/*/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	topic := regexp.MustCompile(`event\.publish\(\s*(?:CASE[^,]*?)?'([a-z_]+)\.`)
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range topic.FindAllStringSubmatch(string(text), -1) {
			noun := m[1]
			seen[noun] = true
			// Movements name their locations.
			if noun != "movement" && strings.Contains(string(found), "'"+noun+"'") == slices.Contains(company, noun) {
				t.Errorf("%s: where is what events of %s are about? Say it in floor.list_event_sites, or here that it is the company's", file, noun)
			}
		}
		if calls := strings.Count(string(text), "event.publish("); calls > len(topic.FindAllString(string(text), -1)) && !strings.HasSuffix(file, "/publish.sql") {
			t.Errorf("%s: the topic of an event is not written out", file)
		}
	}
	for _, noun := range company {
		if !seen[noun] {
			t.Errorf("there are no events of %s", noun)
		}
	}
	if len(seen) < 40 {
		t.Errorf("%d nouns: this proves nothing", len(seen))
	}
}
