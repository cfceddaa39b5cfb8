package demo

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Report is what a journey came to.
type Report struct {
	Steps    []StepReport `json:"steps"`
	Posts    int          `json:"posts"`    // commands, each of them sent twice
	Replays  int          `json:"replays"`  // second answers that came from the stored first one
	Refusals int          `json:"refusals"` // commands that had to be refused and were
	P50      float64      `json:"latency_p50_ms"`
	P99      float64      `json:"latency_p99_ms"`
}

// StepReport is one step of it.
type StepReport struct {
	Title        string  `json:"title"`
	Result       string  `json:"result"`
	Milliseconds float64 `json:"milliseconds"`
}

// journey knows what one run has made so far.
type journey struct {
	*run
	order, inserts       string // purchase orders
	receipt              string // of the order
	insertReceipt        string
	bodies, lids, crates string // work orders
	sales                map[string]string
	units                map[string][]any
	shipments            map[string]document
	customerReturn       string
}

// Journey takes goods their whole way, from the order of raw material to the credit note, and holds every
// answer to what it must be. Every command is sent twice under one key.
func Journey(ctx context.Context, client *Client, told Told) (*Report, error) {
	j := &journey{
		run:   newRun(ctx, client),
		sales: map[string]string{}, units: map[string][]any{}, shipments: map[string]document{},
	}
	steps := []struct {
		title string
		run   func() string
	}{
		{"Order material from two suppliers", j.orderMaterial},
		{"Receive lots into quarantine", j.receive},
		{"Inspect: release two lots, block one", j.inspect},
		{"Put away", j.putAway},
		{"Work orders from bills of material", j.orderWork},
		{"Issue by scan, take one back", j.issue},
		{"Mould bodies, with scrap", j.mouldBodies},
		{"Mould lids, with backflush", j.mouldLids},
		{"Assemble crates into two lots", j.assemble},
		{"Trace a crate to its granules", j.trace},
		{"Customers order", j.orderSales},
		{"Reserve, first expiring first", j.reserve},
		{"Pick and pack with SSCC", j.pack},
		{"Ship with delivery notes", j.ship},
		{"Invoice at home and abroad", j.invoice},
		{"Take a return, credit it", j.takeBack},
		{"Move stock, take the move back", j.reverse},
		{"Count, adjust", j.count},
		{"Enter supplier invoices, spread the freight", j.charge},
	}
	report := &Report{}
	for i, step := range steps {
		told(i, len(steps), step.title)
		began := time.Now()
		result := step.run()
		if j.err != nil {
			return nil, fmt.Errorf("step %d of the journey, %q: %w", i+1, step.title, j.err)
		}
		report.Steps = append(report.Steps, StepReport{Title: step.title, Result: result, Milliseconds: float64(time.Since(began).Microseconds()) / 1000})
	}
	told(len(steps), len(steps), "done")
	report.Posts, report.Replays, report.Refusals = j.Posts, j.Replays, j.Refusals
	report.P50, report.P99 = percentile(j.Took, 50), percentile(j.Took, 99)
	return report, nil
}

func (j *journey) orderMaterial() string {
	j.as("buyer", "office-1")
	j.order = j.post("/v1/purchase-orders", object{
		"site": "ELBE", "supplier": "POLYNORD",
		"lines": []object{
			{"item": "PP-NAT", "quantity": "1000", "unit": "KGM", "over_receipt_percent": "2"},
			{"item": "MB-BLUE", "quantity": "50", "unit": "KGM"},
		},
	}).text("number")
	j.inserts = j.post("/v1/purchase-orders", object{
		"site": "ELBE", "supplier": "FERRA",
		"lines": []object{{"item": "INS-M6", "quantity": "5", "unit": "XBX"}},
	}).text("number")
	return fmt.Sprintf("%s and %s", j.order, j.inserts)
}

func (j *journey) receive() string {
	j.as("receiver", "dock-1")
	receipt := j.post("/v1/goods-receipts", object{
		"purchase_order": j.order, "delivery_note": "PN-" + j.tag,
		"lines": []object{
			{"line": 1, "quantity": "1", "unit": "XOT", "lot": j.lot("PP-A"), "supplier_lot": "PN-88-1"},
			{"line": 1, "quantity": "1", "unit": "XOT", "lot": j.lot("PP-B"), "supplier_lot": "PN-88-2"},
			{"line": 2, "quantity": "2", "unit": "XBG", "lot": j.lot("MB"), "supplier_lot": "PN-12"},
		},
	})
	j.receipt = receipt.text("number")
	j.insertReceipt = j.post("/v1/goods-receipts", object{
		"purchase_order": j.inserts,
		"lines":          []object{{"line": 1, "quantity": "5", "unit": "XBX"}},
	}).text("number")
	// Two percent more than ordered is taken, not five.
	j.refused("/v1/goods-receipts", object{
		"purchase_order": j.order,
		"lines":          []object{{"line": 1, "quantity": "50", "lot": j.lot("PP-X")}},
	}, "beyond-order")
	// What waits for its inspection is not put away.
	j.refused("/v1/put-aways", object{"item": "PP-NAT", "lot": j.lot("PP-A"), "from": "QUA-01", "to": "RAW-01", "quantity": "500"}, "lot-not-released")
	return "1,000 kg of polypropylene in two lots, 50 kg of masterbatch, 5,000 inserts: " + j.receipt
}

func (j *journey) inspect() string {
	j.as("inspector", "lab-1")
	j.post("/v1/inspections", object{"goods_receipt": j.receipt, "line": 1, "accepted_quantity": "500"})
	j.post("/v1/inspections", object{"goods_receipt": j.receipt, "line": 2, "rejected_quantity": "500", "reason": "MOISTURE", "note": "0.14 % moisture"})
	j.post("/v1/inspections", object{"goods_receipt": j.receipt, "line": 3, "accepted_quantity": "2", "unit": "XBG"})
	for lot, status := range map[string]string{"PP-A": "released", "PP-B": "blocked"} {
		j.want("the status of lot "+lot, j.get("/v1/items/PP-NAT/lots/"+j.lot(lot)).text("status"), status)
	}
	j.as("receiver", "dock-1")
	j.post("/v1/supplier-returns", object{"goods_receipt": j.receipt, "line": 2, "quantity": "500", "reason": "MOISTURE"})
	return fmt.Sprintf("%s is blocked for moisture and goes back", j.lot("PP-B"))
}

func (j *journey) putAway() string {
	j.as("forklift", "truck-7")
	j.post("/v1/put-aways", object{"item": "PP-NAT", "lot": j.lot("PP-A"), "from": "QUA-01", "to": "RAW-01", "quantity": "1", "unit": "XOT"})
	j.post("/v1/put-aways", object{"item": "MB-BLUE", "lot": j.lot("MB"), "from": "QUA-01", "to": "RAW-01", "quantity": "50000"})
	j.refused("/v1/put-aways", object{"item": "PP-NAT", "lot": j.lot("PP-A"), "from": "QUA-01", "to": "RAW-01", "quantity": "0.001"}, "insufficient-stock")
	j.refused("/v1/put-aways", object{"item": "MB-BLUE", "lot": j.lot("MB"), "from": "RAW-01", "to": "RAW-02", "quantity": "0.5"}, "inexact-quantity")
	return "an octabin and two bags to RAW-01"
}

func (j *journey) orderWork() string {
	j.as("planner", "office-2")
	order := func(item, quantity string) document {
		return j.post("/v1/work-orders", object{"item": item, "quantity": quantity})
	}
	bodies := order("BODY-6420", "120")
	j.bodies = bodies.text("number")
	j.want("the polypropylene for 120 bodies", bodies.text("materials", 0, "required_quantity"), "222")
	j.lids = order("LID-64", "120").text("number")
	j.crates = order("CRATE-6420", "110").text("number")
	return fmt.Sprintf("%s, %s and %s over two levels", j.bodies, j.lids, j.crates)
}

func (j *journey) issue() string {
	j.as("setter", "press-1")
	issue := func(quantity string) object {
		return object{"work_order": j.bodies, "lines": []object{{"item": "PP-NAT", "lot": j.lot("PP-A"), "quantity": quantity}}}
	}
	j.post("/v1/material-issues", issue("222"))
	wrong := j.post("/v1/material-issues", issue("12.5")).text("number")
	j.post("/v1/material-issue-reversals", object{"material_issue": wrong, "reason": "MISTYPED"})
	j.refused("/v1/material-issue-reversals", object{"material_issue": wrong, "reason": "MISTYPED"}, "production-already-reversed")
	j.refused("/v1/material-issues", issue("400"), "beyond-required")
	return fmt.Sprintf("222 kg of %s to %s; 12.5 kg too many were taken back", j.lot("PP-A"), j.bodies)
}

func (j *journey) mouldBodies() string {
	j.as("moulder", "press-1")
	j.post("/v1/production-reports", object{
		"work_order": j.bodies, "lot": j.lot("BODY"), "good_quantity": "118", "scrap_quantity": "2", "scrap_reason": "SHORT-SHOT",
		"started_at": ago(4 * time.Hour), "ended_at": ago(150 * time.Minute),
	})
	j.post("/v1/work-order-completions", object{"work_order": j.bodies})
	return "118 good, 2 scrapped"
}

func (j *journey) mouldLids() string {
	j.as("moulder", "press-2")
	report := j.post("/v1/production-reports", object{
		"work_order": j.lids, "lot": j.lot("LID"), "good_quantity": "120",
		"materials":  []object{{"item": "PP-NAT", "lot": j.lot("PP-A")}},
		"started_at": ago(3 * time.Hour), "ended_at": ago(2 * time.Hour),
	})
	taken := ""
	for _, material := range report.list("materials") {
		if material.text("item") == "PP-NAT" {
			taken = material.text("quantity")
		}
	}
	j.want("the polypropylene for 120 lids", taken, "74.4")
	j.post("/v1/work-order-completions", object{"work_order": j.lids})
	return "120 good; 74.4 kg and 1,488 g were taken by the report"
}

func (j *journey) assemble() string {
	j.as("assembler", "cell-1")
	j.post("/v1/material-issues", object{
		"work_order": j.crates,
		"lines": []object{
			{"item": "BODY-6420", "lot": j.lot("BODY"), "quantity": "110"},
			{"item": "LID-64", "lot": j.lot("LID"), "quantity": "110"},
		},
	})
	j.post("/v1/production-reports", object{
		"work_order": j.crates, "lot": j.lot("CR-1"), "good_quantity": "50", "expires_on": "2041-12-31",
		"started_at": ago(100 * time.Minute), "ended_at": ago(50 * time.Minute),
	})
	j.post("/v1/production-reports", object{
		"work_order": j.crates, "lot": j.lot("CR-2"), "good_quantity": "59", "scrap_quantity": "1", "scrap_reason": "FLASH",
		"expires_on": "2041-06-30", "started_at": ago(50 * time.Minute), "ended_at": ago(time.Minute),
	})
	j.refused("/v1/production-reports", object{"work_order": j.crates, "lot": j.lot("CR-2"), "good_quantity": "500"}, "beyond-work-order")
	j.post("/v1/work-order-completions", object{"work_order": j.crates})
	return fmt.Sprintf("50 in %s, 59 in %s which expires first", j.lot("CR-1"), j.lot("CR-2"))
}

func (j *journey) trace() string {
	found := false
	for _, ingredient := range j.get("/v1/items/CRATE-6420/lots/" + j.lot("CR-2")).list("made_from") {
		found = found || ingredient.text("lot") == j.lot("PP-A")
	}
	j.want("polypropylene among the ingredients of a crate", strconv.FormatBool(found), "true")
	reached := 0
	for _, product := range j.get("/v1/items/PP-NAT/lots/" + j.lot("PP-A")).list("went_into") {
		if product.text("item") == "CRATE-6420" {
			reached++
		}
	}
	j.want("lots of crates that the granules went into", strconv.Itoa(reached), "2")
	return fmt.Sprintf("%s is in %d lots of crates", j.lot("PP-A"), reached)
}

// customers in the order in which they buy.
var customers = []struct {
	code, quantity, unit, price string
	net, tax, gross             string
}{
	{"HANSEOBST", "1", "XPX", "470.40", "470.4", "89.38", "559.78"},
	{"LYONPRIM", "6", "XBX", "39.60", "237.6", "0", "237.6"},
	{"NORFISK", "8", "H87", "10.50", "84", "0", "84"},
}

func (j *journey) orderSales() string {
	j.as("clerk", "office-3")
	for _, customer := range customers {
		j.sales[customer.code] = j.post("/v1/sales-orders", object{
			"site": "ELBE", "customer": customer.code, "customer_reference": "PO " + j.tag,
			"lines": []object{{"item": "CRATE-6420", "quantity": customer.quantity, "unit": customer.unit, "unit_price": customer.price}},
		}).text("number")
	}
	return "a pallet to Jork, six boxes to Lyon, eight crates to Norway"
}

func (j *journey) reserve() string {
	for _, customer := range customers {
		j.post("/v1/reservations", object{"sales_order": j.sales[customer.code]})
	}
	return "80 crates are promised"
}

func (j *journey) pack() string {
	j.as("packer", "gate-1")
	sscc := ""
	for i, customer := range customers {
		pick := j.post("/v1/picks", object{
			"sales_order": j.sales[customer.code],
			"lines":       []object{{"line": 1, "quantity": customer.quantity, "unit": customer.unit}},
		})
		if i == 0 {
			j.want("the lot that is picked first", pick.text("lines", 0, "lot"), j.firstExpiring(pick))
		}
		var contents []object
		for _, line := range pick.list("lines") {
			contents = append(contents, object{"pick": pick.text("number"), "line": line.at("line"), "quantity": line.text("quantity")})
		}
		kind := "box"
		if i == 0 {
			kind = "pallet"
		}
		sscc = j.post("/v1/handling-units", object{"kind": kind, "contents": contents}).text("sscc")
		j.units[customer.code] = []any{sscc}
		j.want("the kind of thing that a scan of the SSCC finds", j.get("/v1/barcode?barcode="+url.QueryEscape("00"+sscc)).text("kind"), "handling_unit")
	}
	return "the last one is SSCC " + sscc
}

// firstExpiring is the lot of a pick that expires first.
func (j *journey) firstExpiring(pick document) string {
	lot, day := "", ""
	for _, line := range pick.list("lines") {
		if expires := line.text("expires_on"); lot == "" || expires < day {
			lot, day = line.text("lot"), expires
		}
	}
	return lot
}

func (j *journey) ship() string {
	note := ""
	for _, customer := range customers {
		shipment := j.post("/v1/shipments", object{"handling_units": j.units[customer.code], "carrier": "KUESTE", "tracking_reference": "KS" + j.tag})
		j.shipments[customer.code] = shipment
		note = shipment.text("delivery_note")
	}
	return "the last delivery note is " + note
}

func (j *journey) invoice() string {
	j.as("clerk", "office-3")
	number := ""
	for _, customer := range customers {
		command := object{"shipment": j.shipments[customer.code].text("number")}
		invoice := j.post("/v1/invoices", command)
		number = invoice.text("number")
		for member, want := range map[string]string{"net": customer.net, "tax": customer.tax, "gross": customer.gross} {
			j.wantDecimal(fmt.Sprintf("%s of %s", member, number), invoice.text(member), want)
		}
		j.refused("/v1/invoices", command, "already-invoiced")
	}
	return fmt.Sprintf("559.78 with tax at home, 237.60 and 84.00 without abroad; the last one is %s", number)
}

func (j *journey) takeBack() string {
	j.as("receiver", "dock-1")
	// A shipment may hold several lots, a line each: the crates come back on the longest one.
	shipment, line, most := j.shipments["HANSEOBST"], any(nil), 0
	for _, shipped := range shipment.list("lines") {
		if quantity, err := strconv.Atoi(shipped.text("quantity")); err == nil && quantity > most {
			line, most = shipped.at("line"), quantity
		}
	}
	taken := func(quantity string) object {
		return object{"shipment": shipment.text("number"), "lines": []object{{"line": line, "quantity": quantity, "reason": "DAMAGED"}}}
	}
	j.customerReturn = j.post("/v1/customer-returns", taken("4")).text("number")
	j.refused("/v1/customer-returns", taken("45"), "beyond-shipment")
	j.as("inspector", "lab-1")
	j.post("/v1/return-inspections", object{
		"customer_return": j.customerReturn,
		"lines":           []object{{"line": 1, "accepted_quantity": "3", "rejected_quantity": "1"}},
	})
	j.as("clerk", "office-3")
	note := j.post("/v1/credit-notes", object{"customer_return": j.customerReturn})
	j.wantDecimal("gross of the credit note", note.text("gross"), "46.65")
	return fmt.Sprintf("4 crates, 46.65 with %s", note.text("number"))
}

func (j *journey) reverse() string {
	j.as("forklift", "truck-7")
	move := j.post("/v1/transfers", object{"item": "CRATE-6420", "lot": j.lot("CR-1"), "from": "FIN-01", "to": "FIN-02", "quantity": "5", "unit": "XBX"}).text("number")
	back := object{"transfer": move, "reason": "MISTYPED"}
	j.post("/v1/transfer-reversals", back)
	j.refused("/v1/transfer-reversals", back, "already-reversed")
	return move + " was a mistake"
}

func (j *journey) count() string {
	j.as("counter", "tablet-3")
	onHand, err := strconv.Atoi(j.get("/v1/stock?item=INS-M6&location=RAW-02").text("items", 0, "on_hand"))
	if j.err == nil {
		j.err = err
	}
	count := j.post("/v1/counts", object{
		"location": "RAW-02", "reason": "COUNT",
		"lines": []object{{"item": "INS-M6", "counted_quantity": strconv.Itoa(onHand - 10)}},
	})
	j.want("the difference of the count", count.text("lines", 0, "difference"), "-10")
	return fmt.Sprintf("%s: ten inserts are missing of %d", count.text("number"), onHand)
}

func (j *journey) charge() string {
	j.as("clerk", "office-3")
	// The rejected lot went back: its invoice is refused.
	j.refused("/v1/supplier-invoices", object{
		"supplier": "POLYNORD", "external_number": "PN-I-0-" + j.tag, "invoiced_on": "2026-01-15",
		"lines": []object{{"goods_receipt": j.receipt, "line": 2, "quantity": "1", "amount": "1.40"}},
	}, "beyond-receipt")
	dearer := j.post("/v1/supplier-invoices", object{
		"supplier": "POLYNORD", "external_number": "PN-I-1-" + j.tag, "invoiced_on": "2026-01-15",
		"lines": []object{
			{"goods_receipt": j.receipt, "line": 1, "quantity": "500", "amount": "700"},
			{"goods_receipt": j.receipt, "line": 3, "quantity": "2", "unit": "XBG", "amount": "320"},
		},
	})
	j.wantDecimal("what the order agreed on", dearer.text("lines", 0, "ordered_amount"), "692.5")
	wrong := j.post("/v1/supplier-invoices", object{
		"supplier": "FERRA", "external_number": "F-" + j.tag, "invoiced_on": "2026-01-16",
		"lines": []object{{"goods_receipt": j.insertReceipt, "line": 1, "quantity": "5", "unit": "XBX", "amount": "1925"}},
	}).text("number")
	j.post("/v1/supplier-invoice-reversals", object{"supplier_invoice": wrong, "reason": "MISTYPED"})
	j.post("/v1/supplier-invoices", object{
		"supplier": "FERRA", "external_number": "F-" + j.tag, "invoiced_on": "2026-01-16",
		"lines": []object{{"goods_receipt": j.insertReceipt, "line": 1, "quantity": "5", "unit": "XBX", "amount": "192.5"}},
	})
	freight := j.post("/v1/landed-costs", object{
		"kind": "freight", "spread_by": "weight", "amount": "110", "supplier": "KUESTE", "external_number": "K-" + j.tag,
		"lines": []object{{"goods_receipt": j.receipt, "line": 1}, {"goods_receipt": j.receipt, "line": 3}},
	})
	j.wantDecimal("the freight of 500 of 550 kg", freight.text("lines", 0, "value"), "100")
	return fmt.Sprintf("%s is 7.50 dearer than ordered, 110.00 of freight by weight with %s", dearer.text("number"), freight.text("number"))
}

// ago is a time in the past as JSON carries it.
func ago(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }

// prepare sets the scene of a rush: a lot that everybody wants, and work orders that take it.
func (r *run) prepare() scene {
	r.as("demonstration", "")
	s := scene{lot: r.lot("HOT")}
	r.post("/v1/opening-stocks", object{"item": "PP-NAT", "lot": s.lot, "to": "RAW-01", "quantity": "400", "unit": "TNE", "expires_on": "2040-12-31"})
	r.post("/v1/opening-stocks", object{"item": "MB-BLUE", "lot": s.lot, "to": "RAW-01", "quantity": "4000000", "expires_on": "2040-12-31"})
	for range 4 {
		s.bodies = append(s.bodies, r.post("/v1/work-orders", object{"item": "BODY-6420", "quantity": "100000"}).text("number"))
		s.lids = append(s.lids, r.post("/v1/work-orders", object{"item": "LID-64", "quantity": "100000"}).text("number"))
	}
	return s
}
