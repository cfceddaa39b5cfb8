package takeover

import "testing"

func TestKeysGrowWithTheRow(t *testing.T) {
	t.Parallel()
	runner := New(nil, "import test")
	one := runner.key(CreateWorkOrder, Command{Kind: 4, Ordinal: 1})
	if len(one) != 36 || one[14] != '8' || one[19] < '8' || one[19] > 'b' {
		t.Errorf("%s is no UUID of version 8", one)
	}
	if again := runner.key(CreateWorkOrder, Command{Kind: 4, Ordinal: 1, Source: "other words", Body: 2}); again != one {
		t.Errorf("the same row gave %s and %s", one, again)
	}
	last := one
	for _, ordinal := range []int64{2, 255, 256, 72591, 1 << 31} {
		next := runner.key(CreateWorkOrder, Command{Kind: 4, Ordinal: ordinal})
		if next <= last {
			t.Errorf("the key of row %d, %s, does not follow %s", ordinal, next, last)
		}
		last = next
	}
	for what, other := range map[string]string{
		"another kind":      runner.key(CreateWorkOrder, Command{Kind: 5, Ordinal: 1}),
		"another operation": runner.key(ReportProduction, Command{Kind: 4, Ordinal: 1}),
		"another source":    New(nil, "import elsewhere").key(CreateWorkOrder, Command{Kind: 4, Ordinal: 1}),
	} {
		if other == one {
			t.Errorf("%s has the same key", what)
		}
	}
}

func TestOrdinal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"Case12": 12, "Case007": 7, "Case": 0, "": 0, "9": 9} {
		if got := Ordinal(text); got != want {
			t.Errorf("%q: %d, should be %d", text, got, want)
		}
	}
}
