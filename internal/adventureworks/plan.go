package adventureworks

import (
	"fmt"
	"slices"
	"time"
)

// receipt is what arrived of one purchase order on one day.
type receipt struct {
	order *PurchaseOrder
	on    time.Time
	lines []*PurchaseOrderLine
}

// day is what happens on one day, in this order: goods are received and inspected, then orders are produced.
type day struct {
	on         time.Time
	receipts   []receipt
	workOrders []*WorkOrder
}

// Plan is the history as it is replayed, and what the files alone say must come of it.
type Plan struct {
	days     []day
	Opening  map[*Product]Quantity // stock from before that the files do not hold, at the product's place
	Expected map[*Product]*Figures
	Total    Figures
	Notes    []string
}

// Figures are sums over the history of one item.
type Figures struct {
	Received Quantity `json:"received"`
	Rejected Quantity `json:"rejected"`
	Consumed Quantity `json:"consumed"`
	Produced Quantity `json:"produced"`
	Scrapped Quantity `json:"scrapped"`
	Opening  Quantity `json:"opening"` // of the files and of the first pass
	OnHand   Quantity `json:"on_hand"` // in every physical location, rejected goods included
}

func (f *Figures) add(other *Figures) {
	f.Received += other.Received
	f.Rejected += other.Rejected
	f.Consumed += other.Consumed
	f.Produced += other.Produced
	f.Scrapped += other.Scrapped
	f.Opening += other.Opening
	f.OnHand += other.OnHand
}

// MakePlan orders the history by day and runs it once over the files: the least opening stock is what the lowest
// point of each product's stock is short of zero.
func (s *Source) MakePlan() (*Plan, error) {
	plan := &Plan{Opening: map[*Product]Quantity{}, Expected: map[*Product]*Figures{}}
	plan.order(s)
	revisions, _ := s.Revisions()
	bills := map[*Product][]Revision{}
	for _, revision := range revisions {
		bills[revision.Assembly] = append(bills[revision.Assembly], revision)
	}
	for i := range s.Products {
		plan.Expected[&s.Products[i]] = &Figures{}
	}

	// Stock at the place that a product is put away to and taken from.
	stock, lowest := map[*Product]Quantity{}, map[*Product]Quantity{}
	move := func(product *Product, change Quantity) {
		stock[product] += change
		lowest[product] = min(lowest[product], stock[product])
	}
	for _, row := range s.Inventory {
		figures := plan.Expected[row.Product]
		figures.Opening += row.Quantity
		if row.Location == row.Product.Place {
			move(row.Product, row.Quantity)
		}
	}
	for _, today := range plan.days {
		for _, receipt := range today.receipts {
			for _, line := range receipt.lines {
				figures := plan.Expected[line.Product]
				figures.Received += line.Received
				figures.Rejected += line.Rejected
				move(line.Product, line.Received-line.Rejected)
			}
		}
		for _, order := range today.workOrders {
			revision := revisionOn(bills[order.Product], order.StartedOn)
			if revision == nil {
				return nil, fmt.Errorf("work order %d: product %s has no bill of material on %s", order.ID, order.Product.Number, order.StartedOn.Format(time.DateOnly))
			}
			// The report takes its material before it puts the product into stock.
			for _, line := range revision.Lines {
				used, isExact := (order.Stocked + order.Scrapped).times(line.Quantity)
				if !isExact {
					return nil, fmt.Errorf("work order %d: the quantity of component %s has more than 6 decimal places", order.ID, line.Component.Number)
				}
				plan.Expected[line.Component].Consumed += used
				move(line.Component, -used)
			}
			figures := plan.Expected[order.Product]
			figures.Produced += order.Stocked
			figures.Scrapped += order.Scrapped
			move(order.Product, order.Stocked)
		}
	}
	for i := range s.Products {
		product := &s.Products[i]
		figures := plan.Expected[product]
		if short := -lowest[product]; short > 0 {
			plan.Opening[product] = short
			figures.Opening += short
		}
		figures.OnHand = figures.Opening + figures.Received + figures.Produced - figures.Consumed
		plan.Total.add(figures)
	}
	return plan, nil
}

// revisionOn is the revision that is valid on a day.
func revisionOn(revisions []Revision, on time.Time) *Revision {
	for i := range revisions {
		if !on.Before(revisions[i].From) && (revisions[i].Until.IsZero() || on.Before(revisions[i].Until)) {
			return &revisions[i]
		}
	}
	return nil
}

// order sorts the events into days. Goods arrive on the due day of their line, but not before they were ordered.
func (p *Plan) order(s *Source) {
	days := map[time.Time]*day{}
	on := func(when time.Time) *day {
		if days[when] == nil {
			days[when] = &day{on: when}
		}
		return days[when]
	}
	for i := range s.PurchaseOrders {
		order := &s.PurchaseOrders[i]
		arrivals := map[time.Time]int{}
		for j := range order.Lines {
			line := &order.Lines[j]
			if line.Received == 0 {
				p.Notes = append(p.Notes, fmt.Sprintf("PurchaseOrderDetail %d: nothing was received", line.ID))
				continue
			}
			arrival := line.DueOn
			if arrival.Before(order.OrderedOn) {
				p.Notes = append(p.Notes, fmt.Sprintf("PurchaseOrderDetail %d is due on %s, before its order of %s: received on the day of the order",
					line.ID, line.DueOn.Format(time.DateOnly), order.OrderedOn.Format(time.DateOnly)))
				arrival = order.OrderedOn
			}
			today := on(arrival)
			at, isThere := arrivals[arrival]
			if !isThere {
				at = len(today.receipts)
				arrivals[arrival] = at
				today.receipts = append(today.receipts, receipt{order: order, on: arrival})
			}
			today.receipts[at].lines = append(today.receipts[at].lines, line)
		}
	}
	undated := 0
	for i := range s.WorkOrders {
		order := &s.WorkOrders[i]
		if !order.IsDated {
			undated++
		}
		today := on(order.StartedOn)
		today.workOrders = append(today.workOrders, order)
	}
	if undated > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d work orders have no date in any file: taken in the order of their numbers, spread evenly over the days from the last dated one to the last purchase order", undated))
	}
	for _, today := range days {
		p.days = append(p.days, *today)
	}
	slices.SortFunc(p.days, func(a, b day) int { return a.on.Compare(b.on) })
}
