package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/cmd/demo/internal/db"
	"github.com/millrace-erp/millrace/internal/audit"
	"github.com/millrace-erp/millrace/internal/pg"
)

// sealTimeout is how long something that still runs may hold sealing back.
const sealTimeout = 90 * time.Second

// seals are the key that signs seals, and the folder that gets their heads.
type seals struct {
	key, heads string
	// isOurs says that the database is the demonstration's own.
	isOurs bool
}

// sealed is what verifying came to.
type sealed struct {
	Rows      int64      `json:"rows"`
	Seals     int64      `json:"seals"`
	Business  int64      `json:"business_rows"`
	Heads     int64      `json:"heads"`
	Waiting   int64      `json:"rows_not_sealed"`
	Findings  int64      `json:"findings"`
	Such      []string   `json:"such_as,omitempty"`
	Tampering *tampering `json:"tampering,omitempty"`
}

type tampering struct {
	What  string `json:"what"`
	Found string `json:"found"`
}

func (s sealed) String() string {
	text := fmt.Sprintf("%d rows in %d signed seals, %d heads sent off, %d business rows as their audit says; %d findings", s.Rows, s.Seals, s.Heads, s.Business, s.Findings)
	for _, such := range s.Such {
		text += "\n    " + such
	}
	return text
}

// beginSeals makes the key, unless there is one, and the folder. Each database of somebody's own has a folder of its own.
func beginSeals(dir, address string, isOurs bool) (*seals, error) {
	s := &seals{key: filepath.Join(dir, "seal.key"), heads: filepath.Join(dir, "heads"), isOurs: isOurs}
	if !isOurs {
		sum := sha256.Sum256([]byte(address))
		s.heads += "-" + hex.EncodeToString(sum[:6])
	} else {
		// Each run begins with an empty factory.
		if err := os.RemoveAll(s.heads); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(s.heads, 0o755); err != nil {
		return nil, err
	}
	if _, err := os.Stat(s.key); !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	private, public, err := audit.NewSigningKey()
	if err != nil {
		return nil, err
	}
	return s, errors.Join(os.WriteFile(s.key, private, 0o600), os.WriteFile(s.key+".pub", public, 0o644))
}

func (s *seals) environment() []string {
	return []string{"MILLRACE_SEAL_KEY_FILE=" + s.key, "MILLRACE_SEAL_HEADS_DIR=" + s.heads}
}

// prove seals what is left, sends the heads, and verifies everything by key and heads; then a movement is changed with triggers
// switched off, which must be found, and the change is rolled back.
func (s *seals) prove(ctx context.Context, pool *pgxpool.Pool) (sealed, error) {
	private, err := os.ReadFile(s.key)
	if err != nil {
		return sealed{}, err
	}
	key, err := audit.ReadSigningKey(string(private))
	if err != nil {
		return sealed{}, err
	}
	public, err := os.ReadFile(s.key + ".pub")
	if err != nil {
		return sealed{}, err
	}
	keys, err := audit.ReadVerifyKeys(public)
	if err != nil {
		return sealed{}, err
	}
	primary := &pg.Primary{Pool: pool}
	verify := func() (audit.Verifier, error) {
		v := audit.Verifier{Database: primary, Keys: keys, Heads: audit.NewHeads(keys)}
		files, err := filepath.Glob(filepath.Join(s.heads, "heads-*.jsonl"))
		for _, name := range files {
			file, openErr := os.Open(name)
			if openErr != nil {
				return v, openErr
			}
			err = errors.Join(err, v.Heads.Read(name, file), file.Close())
		}
		return v, err
	}
	var result audit.Verification
	for deadline := time.Now().Add(sealTimeout); ; time.Sleep(200 * time.Millisecond) {
		if _, err := (audit.Sealer{Database: primary, Key: key}).Seal(ctx); err != nil {
			return sealed{}, err
		}
		if err := audit.Send(ctx, pool, []audit.Witness{audit.Folder{Path: s.heads}}); err != nil {
			return sealed{}, err
		}
		v, err := verify()
		if err != nil {
			return sealed{}, err
		}
		if result, err = v.Verify(ctx); err != nil {
			return sealed{}, err
		}
		// The worker seals as well, and may have done so in between.
		if result.Found > 0 || result.Waiting == 0 && result.Heads == result.Seals || time.Now().After(deadline) {
			break
		}
	}
	told := sealed{
		Rows: result.Rows, Seals: result.Seals, Business: result.BusinessRows, Heads: result.Heads, Waiting: result.Waiting, Findings: result.Found,
	}
	for _, f := range result.Findings[:min(3, len(result.Findings))] {
		told.Such = append(told.Such, f.String())
	}
	if s.isOurs {
		v, err := verify()
		if err != nil {
			return told, err
		}
		if told.Tampering, err = tamper(ctx, pool, v); err != nil {
			return told, err
		}
	}
	return told, nil
}

// errPutBack rolls the tampering back.
var errPutBack = errors.New("put back")

func tamper(ctx context.Context, pool *pgxpool.Pool, v audit.Verifier) (*tampering, error) {
	done := &tampering{}
	err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		queries := db.New(tx)
		if err := queries.SwitchTriggersOff(ctx); err != nil {
			return err
		}
		id, err := queries.TamperWithTheLedger(ctx)
		if err != nil {
			return err
		}
		done.What = fmt.Sprintf("movement %d changed by a superuser with triggers off (rolled back)", id)
		result, err := v.VerifyIn(ctx, tx)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(result.Findings, func(f audit.Finding) bool { return f.Kind == audit.Changed && f.Key == fmt.Sprint(id) }); i >= 0 {
			f := result.Findings[i]
			done.Found = fmt.Sprintf("%s %s %s (seal %d)", f.Kind, f.Ledger, f.Key, f.Seal)
		}
		return errPutBack
	})
	if !errors.Is(err, errPutBack) {
		return nil, err
	}
	return done, nil
}
