package main

import "fmt"

// bar is something that the figures must reach.
type bar struct {
	What   string  `json:"what"`
	Figure float64 `json:"figure"`
	Bar    float64 `json:"bar"`
	IsMost bool    `json:"is_most,omitempty"` // the figure may be at most the bar; otherwise at least
	Unit   string  `json:"unit"`
	IsMet  bool    `json:"is_met"`
}

func (b bar) String() string {
	sign := "≥"
	if b.IsMost {
		sign = "≤"
	}
	verdict := "met"
	if !b.IsMet {
		verdict = "MISSED"
	}
	return fmt.Sprintf("%-86s %8.4g %-3s %s %-6.4g %s", b.What, b.Figure, b.Unit, sign, b.Bar, verdict)
}

// bars holds the figures to what they must reach, as far as their parts were run.
func bars(all []figures) []bar {
	find := func(contender contender, clients int, stock stock) *figures {
		for i := range all {
			f := &all[i]
			if f.Contender == contender && f.Clients == clients && (f.Stock == stock || contender == tpcB || contender == operators) &&
				!f.IsFollowed && (f.Lines <= 1 || contender == operators) {
				return f
			}
		}
		return nil
	}
	var bars []bar
	atLeast := func(what string, a, b *figures, least float64) {
		if a == nil || b == nil {
			return
		}
		ratio := a.MovementsPerSec / b.MovementsPerSec
		bars = append(bars, bar{What: what, Figure: ratio, Bar: least, Unit: "×", IsMet: ratio >= least})
	}
	atMost := func(what string, figure, most float64, unit string) {
		bars = append(bars, bar{What: what, Figure: figure, Bar: most, Unit: unit, IsMost: true, IsMet: figure <= most})
	}
	hot, naiveHot := find(overHTTP, 40, oneItem), find(naive, 40, oneItem)
	atLeast("HTTP, 40 clients, one hot item: movements/s against the naive transaction", hot, naiveHot, 10)
	if hot != nil && naiveHot != nil {
		atMost("HTTP, 40 clients, one hot item: p99 against the naive transaction", hot.P99/naiveHot.P99, 0.1, "×")
	}
	atLeast("HTTP, 40 clients, 100,000 balances: movements/s against TPC-B at 40", find(overHTTP, 40, hundredThousand), find(tpcB, 40, 0), 2)
	atLeast("HTTP, 400 clients, 100,000 balances: movements/s against TPC-B at 400", find(overHTTP, 400, hundredThousand), find(tpcB, 400, 0), 6)
	atLeast("HTTP, 400 clients, 100,000 balances: movements/s against Millrace in SQL", find(overHTTP, 400, hundredThousand), find(direct, 400, hundredThousand), 0.4)
	if crowd := find(operators, 40, 0); crowd != nil {
		atMost("40 operators who each scan once a second: p99", crowd.P99, 40, "ms")
	}
	deadlocks, failures, untrue := 0, 0, 0
	for _, f := range all {
		if f.Contender == tpcB || f.Contender == naive {
			continue
		}
		deadlocks += int(f.Deadlocks)
		failures += f.Errors + f.ServerErrors
		untrue += len(f.Broken)
	}
	atMost("Millrace: deadlocks", float64(deadlocks), 0, "")
	atMost("Millrace: errors and answers 5xx", float64(failures), 0, "")
	atMost("Millrace: lost or doubled effects, broken checks", float64(untrue), 0, "")
	return bars
}
