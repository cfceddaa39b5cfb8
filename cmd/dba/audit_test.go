package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/testdb"
)

// The way of the runbook: a key, seals, heads, a verification; then a row is changed with triggers off, and the command fails and
// names it.
func TestAuditVerify(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	dba := &program{DatabaseURL: db.URL}
	ctx := t.Context()
	folder := t.TempDir()
	key := filepath.Join(folder, "seal.key")
	if err := (auditKey{Out: key}).Run(); err != nil {
		t.Fatal(err)
	}
	if err := (auditKey{Out: key}).Run(); err == nil {
		t.Error("a key was overwritten")
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Pool.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO catalog.unit (code, name, scale) VALUES ('AV1', 'unit', 0)`)
	verify := func(c auditVerify) (string, error) {
		t.Helper()
		var out bytes.Buffer
		c.out, c.KeptRequests = &out, 29
		err := c.Run(ctx, dba)
		return out.String(), err
	}
	// Transactions of other tests on the same server hold sealing back for a while.
	for {
		if err := (auditSeal{SealKeyFile: key}).Run(ctx, dba); err != nil {
			t.Fatal(err)
		}
		told, err := verify(auditVerify{Key: []string{key + ".pub"}})
		if err != nil {
			t.Fatal(err, told)
		}
		if strings.Contains(told, "; 0 rows are not sealed yet") {
			if !strings.Contains(told, "everything is as it was sealed") || !strings.Contains(told, "give --heads") {
				t.Error(told)
			}
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	other := filepath.Join(folder, "other.key")
	if err := (auditKey{Out: other}).Run(); err != nil {
		t.Fatal(err)
	}
	if told, err := verify(auditVerify{Key: []string{other + ".pub"}}); err == nil || !strings.Contains(told, "unsigned (seal 1)") {
		t.Errorf("%v: %s", err, told)
	}
	if _, err := verify(auditVerify{Key: []string{key}}); err == nil {
		t.Error("a private key was taken for a public one")
	}
	exec(`SET session_replication_role = replica; UPDATE audit.entry SET actor = 'nobody' WHERE table_name = 'unit'; RESET session_replication_role`)
	told, err := verify(auditVerify{Key: []string{key + ".pub"}, SealsOnly: true})
	if err == nil || !strings.Contains(told, "changed audit.entry") || !strings.Contains(told, "AV1") {
		t.Errorf("%v: %s", err, told)
	}
	if err := (auditIncarnation{Reason: "set back"}).Run(ctx, dba); err != nil {
		t.Error(err)
	}
}
