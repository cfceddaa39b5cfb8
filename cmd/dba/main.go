// Command dba is the tool of those who look after the database: it migrates, proves the invariants, and
// does the other things that no server does on its own.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// program is the command line. A new command is a field here and a file of its own.
type program struct {
	DatabaseURL string `name:"database-url" env:"MILLRACE_DATABASE_URL" help:"The primary, such as postgres://user@host/millrace; all commands but tls and audit key need it."`
	Verbose     bool   `short:"v" help:"Tell each step."`

	Migrate    migrateCommand    `cmd:"" help:"Move the schema along the numbered series."`
	Verify     verifyCommand     `cmd:"" help:"Run every invariant: each is a SELECT that must return no rows."`
	Roles      rolesCommand      `cmd:"" help:"Give the roles of servers, DBAs and analysts their rights; after each migration."`
	Audit      auditCommand      `cmd:"" help:"Prove by the seals that nobody changed what was written, and look after keys and heads."`
	Partitions partitionsCommand `cmd:"" help:"Look after the partitions of ledger, audit and feed."`
	Doctor     doctorCommand     `cmd:"" help:"Name what is not well: settings, partitions, bloat, indexes, long transactions, replication, jobs."`
	TLS        tlsCommand        `cmd:"" name:"tls" help:"Look after the plant's certificates."`
	Identity   identityCommand   `cmd:"" help:"Look after the first client and the keys of tokens."`
	Import     importCommand     `cmd:"" help:"Take over the data of another system."`
	Replay     replayCommand     `cmd:"" help:"Run the history of imported data through the same functions as the API."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var dba program
	line := kong.Parse(&dba, kong.Name("dba"), kong.UsageOnError(),
		kong.Description("Looks after a Millrace database."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if dba.DatabaseURL == "" && !strings.HasPrefix(line.Command(), "tls ") && !strings.HasPrefix(line.Command(), "audit key") {
		line.Fatalf("missing flags: --database-url=STRING ($MILLRACE_DATABASE_URL)")
	}
	level := slog.LevelInfo
	if dba.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	line.FatalIfErrorf(line.Run(&dba, log))
}
