package adventureworks

import (
	"context"
	"fmt"

	"github.com/millrace-erp/millrace/internal/takeover"
)

// Reconciliation compares what the database says with what the files imply.
type Reconciliation struct {
	IsEqual   bool       `json:"is_equal"`
	Expected  Figures    `json:"expected"`
	Found     Figures    `json:"found"`
	Items     []Compared `json:"items"`
	Different []string   `json:"different"` // one sentence per figure that differs
}

// Compared is one item of the reconciliation.
type Compared struct {
	Item     string  `json:"item"`
	IsEqual  bool    `json:"is_equal"`
	Expected Figures `json:"expected"`
	Found    Figures `json:"found"`
}

// reconcile holds the ledger and the balances against the plan, item by item and figure by figure.
func reconcile(ctx context.Context, runner *takeover.Runner, source *Source, plan *Plan) (*Reconciliation, error) {
	rows, err := runner.StockFigures(ctx, siteCode)
	if err != nil {
		return nil, err
	}
	found := map[string]*Figures{}
	for _, row := range rows {
		figures := &Figures{}
		for _, read := range []struct {
			text string
			into *Quantity
		}{
			{row.Opening, &figures.Opening},
			{row.Received, &figures.Received},
			{row.Rejected, &figures.Rejected},
			{row.Consumed, &figures.Consumed},
			{row.Produced, &figures.Produced},
			{row.Scrapped, &figures.Scrapped},
			{row.OnHand, &figures.OnHand},
		} {
			if *read.into, err = ParseQuantity(read.text); err != nil {
				return nil, fmt.Errorf("item %s: %w", row.Item, err)
			}
		}
		found[row.Item] = figures
	}

	result := &Reconciliation{IsEqual: true, Expected: plan.Total}
	for i := range source.Products {
		product := &source.Products[i]
		expected, actual := plan.Expected[product], found[product.Number]
		if actual == nil {
			actual = &Figures{}
		}
		delete(found, product.Number)
		compared := Compared{Item: product.Number, IsEqual: *expected == *actual, Expected: *expected, Found: *actual}
		result.Found.add(actual)
		result.Items = append(result.Items, compared)
		result.compare(product.Number, expected, actual)
	}
	for number := range found {
		result.IsEqual = false
		result.Different = append(result.Different, fmt.Sprintf("item %s moved at site %s and is not in the files", number, siteCode))
	}
	return result, nil
}

func (r *Reconciliation) compare(item string, expected, found *Figures) {
	for _, figure := range []struct {
		name            string
		expected, found Quantity
	}{
		{"opening", expected.Opening, found.Opening},
		{"received", expected.Received, found.Received},
		{"rejected", expected.Rejected, found.Rejected},
		{"consumed", expected.Consumed, found.Consumed},
		{"produced", expected.Produced, found.Produced},
		{"scrapped", expected.Scrapped, found.Scrapped},
		{"on hand", expected.OnHand, found.OnHand},
	} {
		if figure.expected != figure.found {
			r.IsEqual = false
			r.Different = append(r.Different, fmt.Sprintf("item %s: %s is %s and should be %s", item, figure.name, figure.found, figure.expected))
		}
	}
}
