package costing_test

import (
	"context"
	_ "embed"
	"testing"
	"time"
)

//go:embed testdata/movements.sql
var movements string

// BenchmarkAdvance costs and journals movements that were posted one by one: a third comes in, two thirds are used, of 300 items with
// all three methods. Nothing runs beside it, so the time is the work of one core.
func BenchmarkAdvance(b *testing.B) {
	const posted = 30_000
	for range b.N {
		b.StopTimer()
		s := setup(b)
		ctx := context.Background()
		if _, err := s.DB.Pool.Exec(ctx, movements); err != nil {
			b.Fatal(err)
		}
		if _, err := s.queries().AdvanceLog(ctx, 1_000_000); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		began := time.Now()
		s.advance(b, 10_000)
		took := time.Since(began)
		b.ReportMetric(float64(took.Microseconds())/posted, "µs/movement")
		b.ReportMetric(posted/took.Seconds(), "movements/s")
	}
}
