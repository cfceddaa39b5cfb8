package adventureworks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millrace-erp/millrace/internal/takeover"
)

// ReplayResult is what the replay did, and how the database compares with the files.
type ReplayResult struct {
	Commands        map[takeover.Operation]*Tally `json:"commands"`
	Refusals        []takeover.Refusal            `json:"refusals"`
	Notes           []string                      `json:"notes"`
	OpeningItems    int                           `json:"opening_items"`
	OpeningQuantity Quantity                      `json:"opening_quantity"`
	Movements       int64                         `json:"movements"` // posted by this run
	Took            time.Duration                 `json:"took_ns"`
	Reconciliation  *Reconciliation               `json:"reconciliation"`
}

// Tally counts the commands of one operation.
type Tally struct {
	Fresh    int `json:"fresh"`
	Replayed int `json:"replayed"` // answered in an earlier run
	Refused  int `json:"refused"`
}

// MovementsPerSecond is the pace of the replay.
func (r *ReplayResult) MovementsPerSecond() float64 {
	return float64(r.Movements) / max(r.Took.Seconds(), 0.001)
}

// replayer carries what the steps share.
type replayer struct {
	source         *Source
	plan           *Plan
	runner         *takeover.Runner
	watch          Observer
	purchaseOrders map[string]string
	workOrders     map[string]string
	result         ReplayResult
}

// atOnce is how many reports share a transaction.
const atOnce = 200

// Replay runs the history through the command functions: stock moves on one connection, in the order of the days,
// because nearly every order takes the same screws; a second one completes what the first has reported.
func Replay(ctx context.Context, pool *pgxpool.Pool, source *Source, watch Observer) (*ReplayResult, error) {
	begun := time.Now()
	plan, err := source.MakePlan()
	if err != nil {
		return nil, err
	}
	re := &replayer{
		source: source, plan: plan, runner: takeover.New(pool, actor), watch: watch,
		result: ReplayResult{Commands: map[takeover.Operation]*Tally{}, Notes: plan.Notes},
	}
	if re.purchaseOrders, err = re.runner.PurchaseOrderNumbers(ctx, siteCode); err != nil {
		return nil, err
	}
	if re.workOrders, err = re.runner.WorkOrderNumbers(ctx, siteCode); err != nil {
		return nil, err
	}
	if len(re.purchaseOrders) < len(source.PurchaseOrders) || len(re.workOrders) < len(source.WorkOrders) {
		return nil, fmt.Errorf("the database holds %d of %d purchase orders and %d of %d work orders of the files; run `dba import adventureworks` with the same files and limits first",
			len(re.purchaseOrders), len(source.PurchaseOrders), len(re.workOrders), len(source.WorkOrders))
	}
	if err := re.runner.EnsurePartitions(ctx); err != nil {
		return nil, err
	}
	before, err := re.movements(ctx)
	if err != nil {
		return nil, err
	}
	if err := re.opening(ctx); err != nil {
		return &re.result, err
	}
	if err := re.history(ctx); err != nil {
		return &re.result, err
	}
	re.result.Took = time.Since(begun)
	after, err := re.movements(ctx)
	if err != nil {
		return &re.result, err
	}
	re.result.Movements = after - before
	re.result.Reconciliation, err = reconcile(ctx, re.runner, source, plan)
	return &re.result, err
}

// movements counts the ledger of the site.
func (re *replayer) movements(ctx context.Context) (int64, error) {
	rows, err := re.runner.StockFigures(ctx, siteCode)
	count := int64(0)
	for _, row := range rows {
		count += row.Movements
	}
	return count, err
}

// run runs commands and counts what became of them.
func (re *replayer) run(ctx context.Context, operation takeover.Operation, commands []takeover.Command) (takeover.Result, error) {
	result, err := re.runner.Run(ctx, operation, commands)
	re.count(operation, result)
	return result, err
}

func (re *replayer) count(operation takeover.Operation, result takeover.Result) {
	tally := re.result.Commands[operation]
	if tally == nil {
		tally = &Tally{}
		re.result.Commands[operation] = tally
	}
	tally.Fresh += result.Fresh
	tally.Replayed += result.Replayed
	tally.Refused += len(result.Refusals)
	re.result.Refusals = append(re.result.Refusals, result.Refusals...)
	re.watch.Step(result.Fresh + result.Replayed + len(result.Refusals))
}

// opening books the least stock from before that lets the history run.
func (re *replayer) opening(ctx context.Context) error {
	var commands []takeover.Command
	for i := range re.source.Products {
		product := &re.source.Products[i]
		short := re.plan.Opening[product]
		if short == 0 {
			continue
		}
		re.result.OpeningItems++
		re.result.OpeningQuantity += short
		commands = append(commands, takeover.Command{
			Source: "opening stock of " + product.Number, Kind: kindOpening, Ordinal: product.ID,
			Body: object{"item": product.Number, "to": product.Place.Code, "quantity": short, "occurred_at": re.source.before()},
		})
	}
	re.result.Notes = append(re.result.Notes, fmt.Sprintf(
		"the files do not hold the stock from before their first order: %s pieces of %d items were booked as opening stock, the least that lets the history run",
		re.result.OpeningQuantity, re.result.OpeningItems))
	re.watch.Begin("opening stock", len(commands))
	defer re.watch.End()
	_, err := re.run(ctx, takeover.PostOpeningStock, commands)
	return err
}

// history replays day by day.
func (re *replayer) history(ctx context.Context) error {
	total := 0
	for _, today := range re.plan.days {
		total += len(today.receipts) + 2*len(today.workOrders)
		for _, receipt := range today.receipts {
			total += len(receipt.lines)
		}
	}
	closing := re.closing()
	re.watch.Begin("history", total+len(closing))
	defer re.watch.End()

	// The second connection: its results are counted by the first, which alone touches the tallies.
	type finished struct {
		result takeover.Result
		err    error
	}
	work := make(chan []takeover.Command, 16)
	done := make(chan finished, 16)
	ctx, cancel := context.WithCancel(ctx)
	finish := sync.OnceFunc(func() { close(work) })
	defer finish()
	defer cancel()
	go func() {
		defer close(done)
		for commands := range work {
			result, err := re.runner.Run(ctx, takeover.CompleteWorkOrder, commands)
			select {
			case done <- finished{result, err}:
			case <-ctx.Done(): // nobody counts any more
			}
			if err != nil {
				return
			}
		}
	}()
	take := func(got finished) error {
		re.count(takeover.CompleteWorkOrder, got.result)
		return got.err
	}
	// hand gives work to the second connection and takes back what is ready, so that neither waits for ever.
	hand := func(commands []takeover.Command) error {
		for {
			select {
			case work <- commands:
				return nil
			case got, isOpen := <-done:
				if !isOpen {
					return errors.New("the connection that completes work orders has ended")
				}
				if err := take(got); err != nil {
					return err
				}
			}
		}
	}
	for _, today := range re.plan.days {
		if err := re.receive(ctx, today); err != nil {
			return err
		}
		for from := 0; from < len(today.workOrders); from += atOnce {
			completions, err := re.report(ctx, today.workOrders[from:min(from+atOnce, len(today.workOrders))])
			if err != nil {
				return err
			}
			if err := hand(completions); err != nil {
				return err
			}
		}
	}
	finish()
	for got := range done {
		if err := take(got); err != nil {
			return err
		}
	}
	for from := 0; from < len(closing); from += atOnce {
		if _, err := re.run(ctx, takeover.ClosePurchaseOrder, closing[from:min(from+atOnce, len(closing))]); err != nil {
			return err
		}
	}
	return nil
}

// receive takes in the goods of a day and decides about them: what the files count as rejected is refused.
func (re *replayer) receive(ctx context.Context, today day) error {
	if len(today.receipts) == 0 {
		return nil
	}
	var receipts []takeover.Command
	for _, arrived := range today.receipts {
		var lines []object
		for _, line := range arrived.lines {
			lines = append(lines, object{"line": line.Number, "quantity": line.Received})
		}
		receipts = append(receipts, takeover.Command{
			Source: fmt.Sprintf("PurchaseOrderHeader %d, arrival of %s", arrived.order.ID, arrived.on.Format(time.DateOnly)),
			Kind:   kindReceipt, Ordinal: arrived.lines[0].ID,
			Body: object{
				"purchase_order": re.purchaseOrders[externalNumber(arrived.order.ID)], "occurred_at": at(arrived.on, receiptHour), "lines": lines,
			},
		})
	}
	received, err := re.run(ctx, takeover.ReceiveGoods, receipts)
	if err != nil {
		return err
	}
	var inspections []takeover.Command
	for i, arrived := range today.receipts {
		if received.Answers[i].IsRefusal() {
			continue // named already; its lines cannot be inspected
		}
		var answer struct{ Number string }
		if err := json.Unmarshal(received.Answers[i].Body, &answer); err != nil {
			return fmt.Errorf("read the answer to %s: %w", receipts[i].Source, err)
		}
		for j, line := range arrived.lines {
			body := object{
				"goods_receipt": answer.Number, "line": j + 1, "accepted_quantity": line.Received - line.Rejected,
				"rejected_quantity": line.Rejected, "occurred_at": at(arrived.on, inspectionHour),
			}
			if line.Rejected > 0 {
				body["reason"] = rejectedReason
			}
			inspections = append(inspections, takeover.Command{
				Source: fmt.Sprintf("PurchaseOrderDetail %d", line.ID), Kind: kindInspection, Ordinal: line.ID, Body: body,
			})
		}
	}
	_, err = re.run(ctx, takeover.InspectGoods, inspections)
	return err
}

// report books what was made of some orders and gives the commands that complete them.
func (re *replayer) report(ctx context.Context, orders []*WorkOrder) ([]takeover.Command, error) {
	reports := make([]takeover.Command, 0, len(orders))
	completions := make([]takeover.Command, 0, len(orders))
	for _, order := range orders {
		source := fmt.Sprintf("WorkOrder %d", order.ID)
		number := re.workOrders[externalNumber(order.ID)]
		when := at(order.StartedOn, productionHour)
		body := object{"work_order": number, "good_quantity": order.Stocked, "occurred_at": when}
		if order.Scrapped > 0 {
			body["scrap_quantity"], body["scrap_reason"] = order.Scrapped, order.Reason.Code
		}
		reports = append(reports, takeover.Command{Source: source, Kind: kindReport, Ordinal: order.ID, Body: body})
		completions = append(completions, takeover.Command{
			Source: source, Kind: kindCompletion, Ordinal: order.ID, Body: object{"work_order": number, "occurred_at": when},
		})
	}
	_, err := re.run(ctx, takeover.ReportProduction, reports)
	return completions, err
}

// closing closes the orders that the source calls complete (4) or rejected (3). Pending (1) and approved (2) ones
// have received quantities too, which were taken in like all others; they stay open for what is missing.
func (re *replayer) closing() []takeover.Command {
	var commands []takeover.Command
	for _, order := range re.source.PurchaseOrders {
		if order.Status == 3 || order.Status == 4 {
			commands = append(commands, takeover.Command{
				Source: fmt.Sprintf("PurchaseOrderHeader %d", order.ID), Kind: kindClose, Ordinal: order.ID,
				Body: object{"purchase_order": re.purchaseOrders[externalNumber(order.ID)]},
			})
		}
	}
	return commands
}
