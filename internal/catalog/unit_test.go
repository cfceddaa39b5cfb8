package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/millrace-erp/millrace/internal/testdb"
)

// decimal draws a quantity of at most that many places, as somebody types it.
func decimal(t *rapid.T, places int) string {
	whole := rapid.SampledFrom([]*rapid.Generator[int64]{rapid.Int64Range(0, 9), rapid.Int64Range(0, 5000), rapid.Int64Range(0, 999_999_999_999)}).Draw(t, "size").Draw(t, "whole")
	text := fmt.Sprint(whole)
	if places > 0 && rapid.Bool().Draw(t, "with a fraction") {
		text += "." + fmt.Sprintf("%0*d", places, rapid.Int64Range(0, pow10(places).Int64()-1).Draw(t, "fraction"))
	}
	return text
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func rational(t testing.TB, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return r
}

// Kilograms and grams, pieces, boxes and pallets, and any other ratio: what is entered in a unit is exactly so many base
// units, or is refused; and it comes back as what was entered.
func TestUnitsConvertExactly(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	ctx := context.Background()
	rapid.Check(t, func(r *rapid.T) {
		tx, err := db.Pool.Begin(ctx)
		if err != nil {
			r.Fatal(err)
		}
		defer tx.Rollback(ctx)
		baseScale, unitScale := rapid.IntRange(0, 6).Draw(r, "scale of the base unit"), rapid.IntRange(0, 6).Draw(r, "scale of the unit")
		numerator, denominator := rapid.SampledFrom([]int64{1, 24, 250, 1000, 12000, 1000001}).Draw(r, "usual numerator"), rapid.SampledFrom([]int64{1, 3, 12, 1000, 1000000}).Draw(r, "usual denominator")
		if rapid.Bool().Draw(r, "unusual") {
			numerator, denominator = rapid.Int64Range(1, 1_000_000_000).Draw(r, "numerator"), rapid.Int64Range(1, 1_000_000_000).Draw(r, "denominator")
		}
		if _, err := tx.Exec(ctx, `WITH base AS (INSERT INTO catalog.unit (code, name, scale) VALUES ('BASE', 'Base', $1) RETURNING id),
				unit AS (INSERT INTO catalog.unit (code, name, scale) VALUES ('UNIT', 'Unit', $2) RETURNING id),
				item AS (INSERT INTO catalog.item (number, name, base_unit_id) SELECT 'THING', 'Thing', b.id FROM base AS b RETURNING id)
			INSERT INTO catalog.item_unit (item_id, unit_id, numerator, denominator) SELECT i.id, u.id, $3, $4 FROM item AS i, unit AS u`,
			baseScale, unitScale, numerator, denominator); err != nil {
			r.Fatal(err)
		}
		ratio := big.NewRat(numerator, denominator)
		for range 8 {
			entered := decimal(r, rapid.IntRange(0, 6).Draw(r, "places"))
			want := new(big.Rat).Mul(rational(t, entered), ratio)
			step := func(q *big.Rat, scale int) bool {
				return new(big.Rat).Mul(q, new(big.Rat).SetInt(pow10(scale))).IsInt()
			}
			var refusal string
			switch {
			case rational(t, entered).Sign() == 0:
				refusal = "MR110"
			case !step(rational(t, entered), unitScale) || !step(want, baseScale):
				refusal = "MR111"
			case want.Cmp(new(big.Rat).SetInt(pow10(12))) >= 0:
				refusal = "MR110"
			}

			save, err := tx.Begin(ctx)
			if err != nil {
				r.Fatal(err)
			}
			var got string
			err = save.QueryRow(ctx, `SELECT catalog.to_base_quantity(i, $1, 'UNIT')::text FROM catalog.item AS i WHERE i.number = 'THING'`, entered).Scan(&got)
			var refused *pgconn.PgError
			switch {
			case refusal != "":
				if !errors.As(err, &refused) || refused.Code != refusal {
					r.Fatalf("%s at %d/%d, scales %d and %d: %s %v, want %s", entered, numerator, denominator, unitScale, baseScale, got, err, refusal)
				}
			case err != nil:
				r.Fatalf("%s at %d/%d, scales %d and %d: %v, want %s", entered, numerator, denominator, unitScale, baseScale, err, want.RatString())
			default:
				if rational(t, got).Cmp(want) != 0 {
					r.Fatalf("%s at %d/%d is %s, want %s", entered, numerator, denominator, got, want.FloatString(8))
				}
				if _, fraction, _ := strings.Cut(got, "."); len(fraction) != baseScale {
					r.Fatalf("%s has not %d places", got, baseScale)
				}
				// And back, exactly.
				if back := new(big.Rat).Quo(rational(t, got), ratio); back.Cmp(rational(t, entered)) != 0 {
					r.Fatalf("%s came back as %s", entered, back.RatString())
				}
			}
			if err := save.Rollback(ctx); err != nil {
				r.Fatal(err)
			}
		}
	})
}

// A pallet of boxes of pieces of grams: whichever unit is named, the same goods are the same quantity.
func TestPackingLevelsAgree(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	ctx := context.Background()
	rapid.Check(t, func(r *rapid.T) {
		tx, err := db.Pool.Begin(ctx)
		if err != nil {
			r.Fatal(err)
		}
		defer tx.Rollback(ctx)
		grams, pieces, boxes := rapid.Int64Range(1, 100_000).Draw(r, "grams a piece"), rapid.Int64Range(1, 500).Draw(r, "pieces a box"), rapid.Int64Range(1, 100).Draw(r, "boxes a pallet")
		if _, err := tx.Exec(ctx, `INSERT INTO catalog.unit (code, name, scale) VALUES ('KGM', 'kilogram', 3), ('GRM', 'gram', 0), ('H87', 'piece', 0), ('XBX', 'box', 0), ('XPX', 'pallet', 0);
			INSERT INTO catalog.item (number, name, base_unit_id) SELECT 'CRATE', 'Crate', u.id FROM catalog.unit AS u WHERE u.code = 'KGM'`); err != nil {
			r.Fatal(err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO catalog.item_unit (item_id, unit_id, numerator, denominator)
			SELECT i.id, u.id, v.n, 1000 FROM catalog.item AS i, (VALUES ('GRM', 1::bigint), ('H87', $1::bigint), ('XBX', $1::bigint * $2::bigint), ('XPX', $1::bigint * $2::bigint * $3::bigint)) AS v (code, n) JOIN catalog.unit AS u ON u.code = v.code`,
			grams, pieces, boxes); err != nil {
			r.Fatal(err)
		}
		count := rapid.Int64Range(1, 200).Draw(r, "pallets")
		base := func(quantity int64, unit string) (text string) {
			if err := tx.QueryRow(ctx, `SELECT catalog.to_base_quantity(i, $1, $2)::text FROM catalog.item AS i`, fmt.Sprint(quantity), unit).Scan(&text); err != nil {
				r.Fatal(err)
			}
			return text
		}
		want := new(big.Rat).SetFrac64(count*grams*pieces*boxes, 1000).FloatString(3)
		for unit, quantity := range map[string]int64{"XPX": count, "XBX": count * boxes, "H87": count * boxes * pieces, "GRM": count * boxes * pieces * grams} {
			if got := base(quantity, unit); got != want {
				r.Fatalf("%d %s are %s kg, want %s", quantity, unit, got, want)
			}
		}
	})
}
