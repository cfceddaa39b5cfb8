package main

import (
	"fmt"
	"html"
	"strings"
)

// panel is a group of bars that may be compared with each other.
type panel struct {
	title string
	rows  []*figures
}

// chart draws the run as SVG: movements per second as bars, the p99 beside them.
func (r *report) chart() string {
	find := func(contender contender, clients int, stock stock) *figures {
		for i := range r.Parts {
			f := &r.Parts[i]
			if f.Contender == contender && f.Clients == clients && !f.IsFollowed && f.Lines <= 1 && (f.Stock == stock || contender == tpcB) {
				return f
			}
		}
		return nil
	}
	var panels []panel
	for _, p := range []struct {
		title   string
		clients int
		stock   stock
	}{
		{"40 clients, one hot item", 40, oneItem},
		{"40 clients, 100,000 balances", 40, hundredThousand},
		{"400 clients, one hot item", 400, oneItem},
		{"400 clients, 100,000 balances", 400, hundredThousand},
	} {
		drawn := panel{title: p.title}
		for _, contender := range []contender{tpcB, naive, overHTTP, direct} {
			if f := find(contender, p.clients, p.stock); f != nil {
				drawn.rows = append(drawn.rows, f)
			}
		}
		panels = append(panels, drawn)
	}
	return draw(panels, fmt.Sprintf("%s, %d cores, Postgres %d, fsync on; load and servers on the same cores; %s", r.Machine.CPU, r.Machine.Cores, r.Postgres, r.Date))
}

func draw(panels []panel, footer string) string {
	const (
		width, left, right = 760, 150, 230
		rowHeight, barHigh = 24, 16
		headHigh, gap      = 30, 14
	)
	colours := map[contender]string{tpcB: "#8a8f98", naive: "#c0504d", overHTTP: "#1f6f8b", direct: "#7fb7be"}
	labels := map[contender]string{tpcB: "pgbench TPC-B", naive: "textbook service", overHTTP: "Millrace, HTTP", direct: "Millrace, SQL"}
	most := 1.0
	const top = 84
	height := top
	for _, p := range panels {
		height += headHigh + len(p.rows)*rowHeight + gap
		for _, f := range p.rows {
			most = max(most, f.MovementsPerSec)
		}
	}
	height += 24
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="16" y="28" font-size="17" font-weight="600" fill="#1c2733">Stock movements a second</text>`+"\n")
	for i, line := range []string{
		"Longer is better; p99: 99 of 100 answers came within it. TPC-B moves no stock and is the same in every group of as many clients.",
		"The textbook service is four statements from the client on the same kind of tables, without HTTP: the × are against it.",
	} {
		fmt.Fprintf(&b, `<text x="16" y="%d" font-size="11" fill="#6b7680">%s</text>`+"\n", 48+16*i, html.EscapeString(line))
	}
	y := top
	for _, p := range panels {
		against := 0.0
		for _, f := range p.rows {
			if f.Contender == naive {
				against = f.MovementsPerSec
			}
		}
		fmt.Fprintf(&b, `<text x="16" y="%d" font-weight="600" fill="#1c2733">%s</text>`+"\n", y+19, html.EscapeString(p.title))
		y += headHigh
		for _, f := range p.rows {
			length := max(2, f.MovementsPerSec/most*float64(width-left-right))
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#3d4852">%s</text>`, left-8, y+13, html.EscapeString(labels[f.Contender]))
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/>`, left, y, length, barHigh, colours[f.Contender])
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" fill="#1c2733">%s%s <tspan fill="#6b7680">p99 %s ms</tspan></text>`+"\n", float64(left)+length+6, y+13, thousands(f.MovementsPerSec), times(f, against), milliseconds(f.P99))
			y += rowHeight
		}
		y += gap
	}
	fmt.Fprintf(&b, `<text x="16" y="%d" font-size="11" fill="#6b7680">%s</text>`+"\n</svg>\n", height-12, html.EscapeString(footer))
	return b.String()
}

// times is how many times as much Millrace does as the textbook service.
func times(f *figures, naive float64) string {
	if naive == 0 || (f.Contender != overHTTP && f.Contender != direct) {
		return ""
	}
	return fmt.Sprintf(` <tspan font-weight="600">%.1f ×</tspan>`, f.MovementsPerSec/naive)
}

func milliseconds(ms float64) string {
	if ms < 10 {
		return fmt.Sprintf("%.1f", ms)
	}
	return thousands(ms)
}
