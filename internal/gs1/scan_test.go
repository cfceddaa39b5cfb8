package gs1_test

import (
	"encoding/json"
	"maps"
	"os"
	"testing"

	"github.com/millrace-erp/millrace/internal/gs1"
)

// TestReadScan goes through the cases that the reader of the screens is held to as well.
func TestReadScan(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/scans.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text, GTIN, Plain, Weight string
		Elements                  map[string]string
		Wrong                     bool
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		scan, err := gs1.ReadScan(c.Text)
		if (err != nil) != c.Wrong {
			t.Errorf("%q: %v", c.Text, err)
			continue
		}
		elements := map[string]string{}
		for _, e := range scan.Elements {
			elements[e.AI] = e.Data
		}
		if !c.Wrong && (scan.GTIN != c.GTIN || !maps.Equal(elements, c.Elements)) {
			t.Errorf("%q: got %q and %v", c.Text, scan.GTIN, elements)
		}
		if c.Plain != "" && scan.Text != c.Plain || scan.Weight() != c.Weight {
			t.Errorf("%q: got text %q, weight %q", c.Text, scan.Text, scan.Weight())
		}
	}
}

func FuzzReadScan(f *testing.F) {
	f.Add("]C1010952123400101010CR-1\x1d3012")
	f.Add("(01)09521234001010(10)((")
	f.Add("https://id.gs1.org/01/09521234001010?17=411231")
	f.Fuzz(func(t *testing.T, text string) {
		scan, err := gs1.ReadScan(text)
		if err == nil && scan.GTIN != "" && len(scan.GTIN) != 14 {
			t.Errorf("%q: GTIN %q", text, scan.GTIN)
		}
		_, _ = scan.Weight(), scan.Day("17", "15")
	})
}
