package testdb

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/devcluster"
	"github.com/millrace-erp/millrace/internal/plantca"
)

// Secure is a cluster of its own that lets nobody in without TLS, with the schema and the servers' roles.
type Secure struct {
	// Pool is that of the owner of everything.
	Pool *pgxpool.Pool

	cluster *devcluster.Cluster
	ca      string
	foreign string
}

// NewSecure starts one for the test.
func NewSecure(t testing.TB) *Secure {
	t.Helper()
	s := &Secure{}
	var dirs [2]string
	for i := range dirs {
		dirs[i] = t.TempDir()
		if err := plantca.Init(dirs[i], plantca.Plan{Plant: "Nordwind", Names: []string{"127.0.0.1"}}, time.Now()); err != nil {
			t.Fatalf("testdb: %v", err)
		}
	}
	s.ca, s.foreign = filepath.Join(dirs[0], plantca.CAFile), filepath.Join(dirs[1], plantca.CAFile)
	certificate, err := os.ReadFile(filepath.Join(dirs[0], plantca.ServerFile))
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	key, err := os.ReadFile(filepath.Join(dirs[0], plantca.ServerKeyFile))
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	if s.cluster, err = devcluster.Start(t.Context(), devcluster.Options{}); err != nil {
		t.Fatalf("testdb: %v", err)
	}
	t.Cleanup(func() {
		if err := s.cluster.Stop(); err != nil {
			t.Errorf("testdb: %v", err)
		}
	})
	plain := s.cluster.URL("postgres")
	for _, prepare := range []func(ctx context.Context, address string) error{migrateUp, giveRights, makePartitions} {
		if err := prepare(t.Context(), plain); err != nil {
			t.Fatalf("testdb: %v", err)
		}
	}
	if s.Pool, err = pgxpool.New(context.WithoutCancel(t.Context()), strings.Replace(plain, "sslmode=disable", "sslmode=require", 1)); err != nil {
		t.Fatalf("testdb: %v", err)
	}
	t.Cleanup(s.Pool.Close)
	if err := s.cluster.RequireTLS(t.Context(), certificate, key); err != nil {
		t.Fatalf("testdb: %v", err)
	}
	return s
}

// URLAs is the address for a role, which verifies the server in full.
func (s *Secure) URLAs(role string) string {
	return s.cluster.SecureURL("postgres", role, rolePassword, "verify-full", s.ca)
}

// Wrong are addresses for a role by which nobody should come in, with a part of the reason: another authority, a name that the
// certificate has not, no TLS at all.
func (s *Secure) Wrong(role string) map[string]string {
	return map[string]string{
		s.cluster.SecureURL("postgres", role, rolePassword, "verify-full", s.foreign):      "certificate signed by unknown authority",
		strings.Replace(s.URLAs(role), "127.0.0.1", "localhost", 1):                        "certificate is not valid for any names",
		s.cluster.SecureURL("postgres", role, rolePassword, "disable", ""):                 "pg_hba.conf rejects connection",
		s.cluster.SecureURL("postgres", role, rolePassword, "verify-full", s.ca+".absent"): "no such file",
	}
}

// InTheClear is how many sessions of the role there are without TLS, and how many in all.
func (s *Secure) InTheClear(t testing.TB, role string) (clear, all int) {
	t.Helper()
	err := s.Pool.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE NOT s.ssl), count(*) FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid) WHERE a.usename = $1`, role).
		Scan(&clear, &all)
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	return clear, all
}
