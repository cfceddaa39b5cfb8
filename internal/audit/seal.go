package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/audit/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
)

// heartbeat is after how long a seal is made that has nothing to seal: its head tells that sealing goes on.
const heartbeat = time.Hour

// Sealer makes seals.
type Sealer struct {
	Database *pg.Primary
	// Key signs; without one seals are not signed.
	Key *SigningKey
}

// Sealed is what was sealed.
type Sealed struct {
	// Number of the seal; zero when there was nothing to seal, or somebody else seals.
	Number int64
	// Rows of all ledgers.
	Rows int64
	// More says that there is more to seal at once: an incarnation has ended.
	More bool
}

// CheckIncarnation tells a database whose transactions are counted anew from what it was before. Servers call it before they
// write.
func CheckIncarnation(ctx context.Context, database db.DBTX) error {
	_, err := db.New(database).CheckIncarnation(ctx)
	return err
}

// BeginIncarnation does so in any case, and gives the number of the new life.
func BeginIncarnation(ctx context.Context, database db.DBTX, reason string) (int32, error) {
	return db.New(database).BeginIncarnation(ctx, &reason)
}

// Seal seals everything that is final and not sealed yet, in one transaction and with little memory.
func (s Sealer) Seal(ctx context.Context) (Sealed, error) {
	if err := CheckIncarnation(ctx, s.Database); err != nil {
		return Sealed{}, err
	}
	var sealed Sealed
	err := pgx.BeginFunc(ctx, s.Database.Pool, func(tx pgx.Tx) error {
		var err error
		sealed, err = s.sealIn(ctx, tx)
		return err
	})
	return sealed, err
}

func (s Sealer) sealIn(ctx context.Context, tx pgx.Tx) (Sealed, error) {
	queries := db.New(tx)
	next, err := queries.PrepareSeal(ctx)
	if err != nil {
		return Sealed{}, err
	}
	if next.Number == 0 {
		return Sealed{}, nil
	}
	if err := fixForms(ctx, tx.Conn().PgConn(), false); err != nil {
		return Sealed{}, err
	}
	made := seal{
		number: next.Number, incarnation: next.Incarnation, from: next.FromTransactionID, to: next.ToTransactionID,
		previous: next.Previous, sealedAt: next.SealedAt,
	}
	if made.from != made.to {
		for _, ledger := range Ledgers {
			if err := s.sealLedger(ctx, tx, &made, ledger); err != nil {
				return Sealed{}, fmt.Errorf("seal %s: %w", ledger.Name, err)
			}
		}
	}
	isEnd := made.to == strconv.FormatInt(endOfIncarnation, 10)
	if made.rows == 0 && !isEnd && made.sealedAt.Sub(next.LastSealedAt) < heartbeat {
		return Sealed{}, queries.NoteSealing(ctx, next.Incarnation, next.ToTransactionID)
	}
	made.hash = hashOf(made.statement())
	if s.Key != nil {
		s.Key.sign(&made)
	}
	if err := insertSeal(ctx, queries, &made); err != nil {
		return Sealed{}, err
	}
	return Sealed{Number: made.number, Rows: made.rows, More: isEnd}, queries.NoteSealing(ctx, next.Incarnation, next.ToTransactionID)
}

func insertSeal(ctx context.Context, queries *db.Queries, s *seal) error {
	for _, p := range s.parts {
		root, _ := hex.DecodeString(p.Root) // just made
		prints, _ := hex.DecodeString(p.Prints)
		if err := queries.AddSealPart(ctx, db.AddSealPartParams{
			SealNumber: s.number, Ledger: p.Ledger, Columns: p.Columns, RowCount: p.Rows, Root: root, PrintsDigest: prints,
		}); err != nil {
			return err
		}
	}
	arguments := db.AddSealParams{
		Number: s.number, Incarnation: s.incarnation, FromTransactionID: s.from, ToTransactionID: s.to, RowCount: s.rows,
		Previous: s.previous, Hash: s.hash, Signature: s.signature, SealedAt: s.sealedAt,
	}
	if s.keyID != "" {
		arguments.KeyID = &s.keyID
	}
	return queries.AddSeal(ctx, arguments)
}

func (s Sealer) sealLedger(ctx context.Context, tx pgx.Tx, made *seal, ledger Ledger) error {
	queries := db.New(tx)
	conn := tx.Conn().PgConn()
	from, err := strconv.ParseUint(made.from, 10, 64)
	if err != nil {
		return err
	}
	to, err := strconv.ParseUint(made.to, 10, 64)
	if err != nil {
		return err
	}
	columns, err := queries.ListColumns(ctx, ledger.Name)
	if err != nil {
		return err
	}
	if err := openRows(ctx, conn, span{ledger: ledger, source: ledger.Name, columns: columns, incarnation: made.incarnation, from: from, to: to}); err != nil {
		return err
	}
	var (
		whole, chunk tree
		rows         int64
		prints       []byte
		entries      []entry
		digest       = sha256.New()
	)
	for ordinal := int32(0); ; ordinal++ {
		if entries, err = fetchRows(ctx, conn, ledger, entries); err != nil {
			return err
		}
		if len(entries) == 0 {
			break
		}
		chunk.reset()
		prints = prints[:0]
		before := uint64(0)
		for i := range entries {
			chunk.add(entries[i].leaf)
			prints = appendPrint(prints, before, &entries[i])
			before = entries[i].transaction
		}
		root := chunk.root()
		whole.add(root)
		digest.Write(prints)
		rows += int64(len(entries))
		if err := queries.AddSealChunk(ctx, db.AddSealChunkParams{
			SealNumber: made.number, Ledger: ledger.Name, Ordinal: ordinal, RowCount: int32(len(entries)), Root: root[:], Prints: prints,
		}); err != nil {
			return err
		}
	}
	if err := run(ctx, conn, "CLOSE ledger_rows"); err != nil {
		return err
	}
	if rows == 0 {
		return nil
	}
	root := whole.root()
	made.parts = append(made.parts, part{
		Ledger: ledger.Name, Columns: columns, Rows: rows, Root: hex.EncodeToString(root[:]), Prints: hex.EncodeToString(digest.Sum(nil)),
	})
	made.rows += rows
	return nil
}
