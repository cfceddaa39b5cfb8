package testdb_test

import (
	"testing"

	"github.com/millrace-erp/millrace/internal/testdb"
)

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	one, other := testdb.New(t), testdb.New(t)
	if _, err := one.Pool.Exec(t.Context(), "CREATE TABLE public.only_here (id integer)"); err != nil {
		t.Fatal(err)
	}
	var isThere bool
	var zone string
	err := other.Pool.QueryRow(t.Context(), "SELECT to_regclass('public.only_here') IS NOT NULL, current_setting('timezone')").Scan(&isThere, &zone)
	if err != nil || isThere || zone != "Canada/Newfoundland" {
		t.Errorf("table seen %v, zone %q, error %v", isThere, zone, err)
	}
}
