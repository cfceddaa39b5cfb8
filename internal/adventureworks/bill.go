package adventureworks

import (
	"fmt"
	"slices"
	"time"
)

// Revision is what an assembly is made of from one day up to, not including, another.
type Revision struct {
	Assembly    *Product
	Number      string
	From, Until time.Time // Until is the first day after; zero: still valid
	Lines       []BillLine
}

// Revisions turns the dated lines into dated revisions: a new one begins wherever a line begins or ends, and holds
// the lines that are valid then. EndDate is the last day of a line: its successors begin on the day after. Every
// line with an assembly is in at least one revision, under its own id as line number; Oddities names the rest.
func (s *Source) Revisions() (revisions []Revision, oddities []string) {
	byAssembly := map[*Product][]BillLine{}
	var assemblies []*Product
	tops := 0
	for _, line := range s.Lines {
		if line.Assembly == nil {
			tops++
			continue
		}
		if byAssembly[line.Assembly] == nil {
			assemblies = append(assemblies, line.Assembly)
		}
		byAssembly[line.Assembly] = append(byAssembly[line.Assembly], line)
	}
	if tops > 0 {
		oddities = append(oddities, fmt.Sprintf("BillOfMaterials: %d rows have no assembly: they tell that a product stands on top, and become no line", tops))
	}
	slices.SortFunc(assemblies, func(a, b *Product) int { return int(a.ID - b.ID) })
	for _, assembly := range assemblies {
		lines := byAssembly[assembly]
		slices.SortFunc(lines, func(a, b BillLine) int { return int(a.ID - b.ID) })
		var days []time.Time
		for _, line := range lines {
			if !line.Until.IsZero() && line.Until.Before(line.From) {
				oddities = append(oddities, fmt.Sprintf("BillOfMaterials row %d ends before it begins", line.ID))
			}
			days = append(days, line.From)
			if !line.Until.IsZero() {
				days = append(days, line.Until.AddDate(0, 0, 1))
			}
		}
		slices.SortFunc(days, time.Time.Compare)
		days = slices.CompactFunc(days, time.Time.Equal)
		count := 0
		for i, day := range days {
			revision := Revision{Assembly: assembly, From: day}
			if i+1 < len(days) {
				revision.Until = days[i+1]
			}
			seen := map[*Product]int64{}
			for _, line := range lines {
				if day.Before(line.From) || (!line.Until.IsZero() && day.After(line.Until)) {
					continue
				}
				if other := seen[line.Component]; other != 0 {
					oddities = append(oddities, fmt.Sprintf("BillOfMaterials rows %d and %d of assembly %s name the same component on %s; both are taken",
						other, line.ID, assembly.Number, day.Format(time.DateOnly)))
				}
				seen[line.Component] = line.ID
				revision.Lines = append(revision.Lines, line)
			}
			if len(revision.Lines) == 0 {
				if !revision.Until.IsZero() {
					oddities = append(oddities, fmt.Sprintf("assembly %s has no bill of material from %s on", assembly.Number, day.Format(time.DateOnly)))
				}
				continue
			}
			count++
			revision.Number = fmt.Sprint(count)
			revisions = append(revisions, revision)
		}
	}
	return revisions, oddities
}
