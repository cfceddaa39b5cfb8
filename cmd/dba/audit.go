package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/progress"
)

type auditCommand struct {
	Verify      auditVerify      `cmd:"" help:"Find every row that was changed, taken away or added behind the back of the program."`
	Seal        auditSeal        `cmd:"" help:"Seal now what is final, as the worker does twice a minute."`
	Heads       auditHeads       `cmd:"" help:"Write the heads of all seals, to be kept elsewhere."`
	Key         auditKey         `cmd:"" help:"Make a key that signs seals."`
	Incarnation auditIncarnation `cmd:"" help:"Begin a new life of the database after it was set back to an older state."`
}

type auditVerify struct {
	Key          []string `placeholder:"FILE" type:"existingfile" help:"Public keys (PEM) one of which must have signed every seal and head."`
	Heads        []string `placeholder:"FILE" type:"existingfile" help:"Heads that were sent off: every seal must be the one that was sent."`
	SealsOnly    bool     `help:"Leave out the comparison of business rows with what the audit says of them."`
	KeptRequests int      `default:"29" help:"Days for which requests are kept at least: older ones may be gone."`

	out io.Writer
}

// Run verifies; it fails when there is any finding.
func (c auditVerify) Run(ctx context.Context, dba *program) error {
	if c.out == nil {
		c.out = os.Stdout
	}
	var keys audit.VerifyKeys
	for _, name := range c.Key {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		some, err := audit.ReadVerifyKeys(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if keys == nil {
			keys = audit.VerifyKeys{}
		}
		for id, key := range some {
			keys[id] = key
		}
	}
	var heads *audit.Heads
	for _, name := range c.Heads {
		if heads == nil {
			heads = audit.NewHeads(keys)
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(heads.Read(name, file), file.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		began := time.Now()
		v, err := audit.Verifier{
			Database: primary, Keys: keys, Heads: heads, KeptRequests: time.Duration(c.KeptRequests) * 24 * time.Hour,
			WithoutState: c.SealsOnly, Progress: progress.New(os.Stderr),
		}.Verify(ctx)
		if err != nil {
			return err
		}
		for _, f := range v.Findings {
			fmt.Fprintln(c.out, f)
		}
		if more := v.Found - int64(len(v.Findings)); more > 0 {
			fmt.Fprintf(c.out, "and %d more\n", more)
		}
		took := time.Since(began)
		fmt.Fprintf(c.out, "%d rows in %d seals", v.Rows, v.Seals)
		if v.Rows > 0 {
			fmt.Fprintf(c.out, " in %s (%.1f µs a row)", took.Round(time.Millisecond), float64(took.Microseconds())/float64(v.Rows+v.BusinessRows))
		}
		fmt.Fprintf(c.out, "; %d rows are not sealed yet\n", v.Waiting)
		if v.Last > 0 {
			fmt.Fprintf(c.out, "the newest seal is %d of %s, hash %s\n", v.Last, v.LastAt.UTC().Format(time.RFC3339), v.LastHash)
		}
		if v.Archived+v.Forgotten > 0 {
			fmt.Fprintf(c.out, "%d sealed rows are in detached months that are not here, %d were requests that were kept long enough\n", v.Archived, v.Forgotten)
		}
		if !c.SealsOnly {
			fmt.Fprintf(c.out, "%d business rows were compared with their audit\n", v.BusinessRows)
		}
		switch {
		case keys == nil:
			fmt.Fprintln(c.out, "signatures were not verified: give --key")
		case heads == nil:
			fmt.Fprintln(c.out, "who has the signing key and the database could have made all this anew: give --heads")
		}
		if heads != nil {
			fmt.Fprintf(c.out, "%d heads were compared, the newest is of seal %d; %d lines were cut off\n", v.Heads, v.LastHead, v.TornHeads)
		}
		for _, life := range v.Incarnations {
			fmt.Fprintln(c.out, life)
		}
		if v.SetBack != nil {
			fmt.Fprintf(c.out, "%s. Either it was restored to that moment on purpose, which must be written down somewhere, or somebody cut off its end: docs/runbook/audit.md, \"Set back\"\n", v.SetBack)
		}
		if v.Found > 0 {
			return fmt.Errorf("%d findings", v.Found)
		}
		fmt.Fprintln(c.out, "everything is as it was sealed")
		return nil
	})
}

type auditSeal struct {
	SealKey     string `env:"MILLRACE_SEAL_KEY" hidden:""`
	SealKeyFile string `env:"MILLRACE_SEAL_KEY_FILE" placeholder:"FILE" help:"The private key."`
}

// Run seals.
func (c auditSeal) Run(ctx context.Context, dba *program) error {
	if c.SealKeyFile != "" {
		text, err := os.ReadFile(c.SealKeyFile)
		if err != nil {
			return err
		}
		c.SealKey = string(text)
	}
	key, err := audit.ReadSigningKey(c.SealKey)
	if err != nil {
		return err
	}
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		for {
			sealed, err := audit.Sealer{Database: primary, Key: key}.Seal(ctx)
			if err != nil {
				return err
			}
			if sealed.Number > 0 {
				fmt.Printf("seal %d: %d rows\n", sealed.Number, sealed.Rows)
			}
			if !sealed.More {
				return nil
			}
		}
	})
}

type auditHeads struct {
	After int64 `help:"The last seal whose head is there already."`
}

// Run writes heads.
func (c auditHeads) Run(ctx context.Context, dba *program) error {
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		_, err := audit.WriteHeads(ctx, primary, c.After, os.Stdout)
		return err
	})
}

type auditKey struct {
	Out string `arg:"" placeholder:"FILE" help:"Where the private key is written; the public one is written beside it, as FILE.pub."`
}

// Run makes a key; it replaces none.
func (c auditKey) Run() error {
	private, public, err := audit.NewSigningKey()
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name string
		mode os.FileMode
		text []byte
	}{{c.Out, 0o600, private}, {c.Out + ".pub", 0o644, public}} {
		f, err := os.OpenFile(file.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, file.mode)
		if err != nil {
			return err
		}
		_, err = f.Write(file.text)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	fmt.Printf("private key: %s (MILLRACE_SEAL_KEY_FILE of the worker)\npublic key:  %s.pub (for those who verify)\n", c.Out, c.Out)
	return nil
}

type auditIncarnation struct {
	Reason string `required:"" help:"Why, such as: set back to 2026-11-22 11:00 after a disk failure."`
}

// Run begins one.
func (c auditIncarnation) Run(ctx context.Context, dba *program) error {
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		number, err := audit.BeginIncarnation(ctx, primary, c.Reason)
		if err != nil {
			return err
		}
		fmt.Println("incarnation", number)
		return nil
	})
}
