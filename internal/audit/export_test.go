package audit

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/audit/internal/db"
)

// Reprint is what the first chunk of a ledger in a seal would be, had it been sealed as it is now.
func Reprint(ctx context.Context, pool *pgxpool.Pool, name string, number int64) (root, prints []byte, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		conn := tx.Conn().PgConn()
		if err := fixForms(ctx, conn, true); err != nil {
			return err
		}
		list, err := db.New(tx).ListSeals(ctx, number-1, 1)
		if err != nil {
			return err
		}
		s, err := readSeal(list[0])
		if err != nil {
			return err
		}
		for _, ledger := range Ledgers {
			for _, p := range s.parts {
				if ledger.Name != name || p.Ledger != name {
					continue
				}
				from, _ := strconv.ParseUint(s.from, 10, 64)
				to, _ := strconv.ParseUint(s.to, 10, 64)
				if err := openRows(ctx, conn, span{ledger: ledger, source: name, columns: p.Columns, incarnation: s.incarnation, from: from, to: to}); err != nil {
					return err
				}
				entries, err := fetchRows(ctx, conn, ledger, nil)
				if err != nil {
					return err
				}
				var made tree
				before := uint64(0)
				for i := range entries {
					made.add(entries[i].leaf)
					prints = appendPrint(prints, before, &entries[i])
					before = entries[i].transaction
				}
				sum := made.root()
				root = sum[:]
			}
		}
		return nil
	})
	return root, prints, err
}

// Blinded is a verifier with a planted bug: it does not look at one level.
func Blinded(v Verifier, level string) Verifier {
	v.blind = level
	return v
}

// Tree, Leaf and Root are for the tests of the tree.
type Tree = tree

// Add and Root of a tree.
func (t *tree) Add(leaf [32]byte)                      { t.add(leaf) }
func (t *tree) RootOf() [32]byte                       { return t.root() }
func Leaf(row [][]byte) [32]byte                       { h, _ := leafOf(nil, row); return h }
func Node(l, r [32]byte) [32]byte                      { return nodeOf(l, r) }
func ReadHead(line []byte, k VerifyKeys) (Head, error) { return readHead(line, k) }

// RewritePrints reads prints and writes them again.
func RewritePrints(prints []byte) ([]byte, bool) {
	entries, err := readPrints(prints, nil)
	if err != nil {
		return nil, false
	}
	var again []byte
	before := uint64(0)
	for i := range entries {
		again = appendPrint(again, before, &entries[i])
		before = entries[i].transaction
	}
	return again, true
}
