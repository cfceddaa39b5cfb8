package takeover

import (
	"context"
	"fmt"

	"github.com/millrace-erp/millrace/internal/takeover/internal/db"
)

// PurchaseOrderNumbers gives the numbers of a site's orders by the numbers they have in the source.
func (r *Runner) PurchaseOrderNumbers(ctx context.Context, site string) (map[string]string, error) {
	rows, err := db.New(r.pool).ListPurchaseOrderNumbers(ctx, site)
	if err != nil {
		return nil, fmt.Errorf("list the purchase orders: %w", err)
	}
	numbers := make(map[string]string, len(rows))
	for _, row := range rows {
		numbers[row.ExternalNumber] = row.Number
	}
	return numbers, nil
}

// WorkOrderNumbers gives the numbers of a site's orders by the numbers they have in the source.
func (r *Runner) WorkOrderNumbers(ctx context.Context, site string) (map[string]string, error) {
	rows, err := db.New(r.pool).ListWorkOrderNumbers(ctx, site)
	if err != nil {
		return nil, fmt.Errorf("list the work orders: %w", err)
	}
	numbers := make(map[string]string, len(rows))
	for _, row := range rows {
		numbers[row.ExternalNumber] = row.Number
	}
	return numbers, nil
}

// EnsurePartitions makes the ledger's and the audit's partitions of this month and the next. A worker does that ahead
// of time; a fresh database has had none yet.
func (r *Runner) EnsurePartitions(ctx context.Context) error {
	if _, err := db.New(r.pool).EnsurePartitions(ctx, 1); err != nil {
		return fmt.Errorf("make the partitions of the month: %w", err)
	}
	return nil
}

// StockFigures are sums over the movements of one item at a site, reversed ones left out, as decimal text.
type StockFigures struct {
	Item                                                              string
	Movements                                                         int64
	Opening, Received, Rejected, Consumed, Produced, Scrapped, OnHand string
}

// StockFigures reads what the ledger says of every item that moved at a site, and the balances beside it.
func (r *Runner) StockFigures(ctx context.Context, site string) ([]StockFigures, error) {
	rows, err := db.New(r.pool).ListStockFigures(ctx, site)
	if err != nil {
		return nil, fmt.Errorf("sum up the movements: %w", err)
	}
	figures := make([]StockFigures, len(rows))
	for i, row := range rows {
		figures[i] = StockFigures{
			Item: row.Item, Movements: row.Movements, Opening: row.Opening, Received: row.Received, Rejected: row.Rejected,
			Consumed: row.Consumed, Produced: row.Produced, Scrapped: row.Scrapped, OnHand: row.OnHand,
		}
	}
	return figures, nil
}

// ReportFigures are sums over the production reports of one work order; quantities in base units, which are pieces.
type ReportFigures struct {
	ExternalNumber                  string
	Reports, SetUps, Breakdowns     int64
	Good, Scrapped, Rework, Stocked int64
	Minutes                         float64
}

// ReportFigures sums up what was reported of every work order of a site that came from elsewhere.
func (r *Runner) ReportFigures(ctx context.Context, site string) ([]ReportFigures, error) {
	rows, err := db.New(r.pool).ListReportFigures(ctx, site)
	if err != nil {
		return nil, fmt.Errorf("sum up the reports: %w", err)
	}
	figures := make([]ReportFigures, len(rows))
	for i, row := range rows {
		figures[i] = ReportFigures{
			ExternalNumber: row.ExternalNumber, Reports: row.Reports, SetUps: row.SetUps, Breakdowns: row.Breakdowns,
			Good: row.Good, Scrapped: row.Scrapped, Rework: row.Rework, Stocked: row.Stocked, Minutes: row.Minutes,
		}
	}
	return figures, nil
}
