package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/millrace-erp/millrace/internal/testdb"
)

func TestMigrateAndVerify(t *testing.T) {
	t.Parallel()
	dba := &program{DatabaseURL: testdb.NewEmpty(t).URL}
	log := slog.New(slog.DiscardHandler)
	ctx := t.Context()

	if err := (verifyCommand{}).Run(ctx, dba); err == nil || !strings.Contains(err.Error(), "dba migrate up") {
		t.Errorf("verify of an empty database: %v", err)
	}
	if err := (migrateStatus{}).Run(ctx, dba, log); err != nil {
		t.Error(err)
	}
	if err := (migrateUp{}).Run(ctx, dba, log); err != nil {
		t.Fatal(err)
	}
	if err := (verifyCommand{}).Run(ctx, dba); err != nil {
		t.Errorf("a new database breaks an invariant: %v", err)
	}
	if err := (migrateDown{Steps: 0}).Run(ctx, dba, log); err == nil {
		t.Error("down without a number went down")
	}
	if err := (migrateDown{Steps: 1}).Run(ctx, dba, log); err != nil {
		t.Error(err)
	}
	if err := (migrateUp{Steps: 1}).Run(ctx, dba, log); err != nil {
		t.Error(err)
	}
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	dba := &program{DatabaseURL: testdb.New(t).URL}
	ctx := t.Context()
	if err := (partitionsEnsure{Months: 5}).Run(ctx, dba); err != nil {
		t.Error(err)
	}
	if err := (partitionsList{}).Run(ctx, dba); err != nil {
		t.Error(err)
	}
	if err := (partitionsDetach{Before: "2020-01"}).Run(ctx, dba); err != nil {
		t.Errorf("nothing to detach: %v", err)
	}
	if err := (partitionsDetach{Before: "2099-01"}).Run(ctx, dba); err == nil || !strings.Contains(err.Error(), "not closed") {
		t.Errorf("the ledger of open periods was detached: %v", err)
	}
	if err := (partitionsDetach{Before: "last year"}).Run(ctx, dba); err == nil {
		t.Error("no month was taken")
	}
}
