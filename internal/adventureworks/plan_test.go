package adventureworks

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func small(t *testing.T) *Source {
	t.Helper()
	source, err := Load("testdata/small")
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestLoadFollowsReferences(t *testing.T) {
	t.Parallel()
	source := small(t)
	leg, stool := source.products[1], source.products[5]
	if leg.Place.Code != "AW-06" || stool.Place.Code != "AW-50" {
		t.Errorf("leg lies at %s, stool at %s", leg.Place.Code, stool.Place.Code)
	}
	if got := strings.Join([]string{source.products[2].Base, source.products[3].Base, leg.StandardCost, source.products[2].StandardCost}, " "); got != "EA OZ 1.2500 0.0000" {
		t.Errorf("units and costs are %s", got)
	}
	vendor := source.Vendors[1]
	if vendor.Country != "CA" || vendor.Street != "2 Vat Road Unit 3" || source.Vendors[0].Code != "WOOD-CO1" {
		t.Errorf("vendors are %+v", source.Vendors)
	}
	if order := source.WorkOrders[3]; order.IsDated || order.StartedOn.Format(time.DateOnly) != "2022-06-16" {
		t.Errorf("the undated order starts on %s", order.StartedOn)
	}
}

func TestRevisionsBeginWhereLinesDo(t *testing.T) {
	t.Parallel()
	revisions, oddities := small(t).Revisions()
	var found []string
	for _, revision := range revisions {
		until := "open"
		if !revision.Until.IsZero() {
			until = revision.Until.Format(time.DateOnly)
		}
		var lines []string
		for _, line := range revision.Lines {
			lines = append(lines, fmt.Sprintf("%d:%s*%s", line.ID, line.Component.Number, line.Quantity))
		}
		found = append(found, fmt.Sprintf("%s %s %s %s %s", revision.Assembly.Number, revision.Number, revision.From.Format(time.DateOnly), until, strings.Join(lines, ",")))
	}
	want := []string{
		"FR-4 1 2021-03-01 open 6:LE-1*4",
		"ST-5 1 2021-03-01 2022-06-15 2:FR-4*1,3:SE-2*1,4:GL-3*2",
		"ST-5 2 2022-06-15 open 2:FR-4*1,3:SE-2*1,5:GL-3*1.5",
	}
	if strings.Join(found, "\n") != strings.Join(want, "\n") {
		t.Errorf("revisions are\n%s\nand should be\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
	if len(oddities) != 1 || !strings.Contains(oddities[0], "1 rows have no assembly") {
		t.Errorf("oddities are %q", oddities)
	}
}

func TestRevisionsNameOddLines(t *testing.T) {
	t.Parallel()
	source := small(t)
	line := source.Lines[5] // the frame's legs
	line.ID, line.From, line.Until = 7, line.From.AddDate(0, 1, 0), line.From.AddDate(0, 2, 0)
	source.Lines[5].Until = line.From.AddDate(0, 0, 10)
	later := line
	later.ID, later.From, later.Until = 8, line.Until.AddDate(0, 0, 5), time.Time{}
	source.Lines = append(source.Lines, line, later)
	revisions, oddities := source.Revisions()
	text := strings.Join(oddities, "\n")
	if !strings.Contains(text, "rows 6 and 7 of assembly FR-4 name the same component on 2021-04-01") ||
		!strings.Contains(text, "assembly FR-4 has no bill of material from 2021-05-02 on") {
		t.Errorf("oddities are\n%s", text)
	}
	if len(revisions) != 2+4 {
		t.Errorf("%d revisions", len(revisions))
	}
}

func TestPlanFindsTheLeastOpeningStock(t *testing.T) {
	t.Parallel()
	source := small(t)
	plan, err := source.MakePlan()
	if err != nil {
		t.Fatal(err)
	}
	opening := map[string]string{}
	for product, quantity := range plan.Opening {
		opening[product.Number] = quantity.String()
	}
	// Legs: 10 there, 20 used on 1 June before 38 good ones come on the 3rd: 10 short. Glue: nothing good ever comes.
	// Stools are never used. Frames: 2 there at their place, 5 made, 4 used, 3 used. Seats: 3 there, 4 come, 7 used.
	if got := fmt.Sprint(opening); got != "map[GL-3:12.5 LE-1:10]" {
		t.Errorf("opening stock is %s", got)
	}
	for number, want := range map[string]string{
		"LE-1": "received 47 rejected 2 consumed 44 produced 0 scrapped 0 opening 20 on hand 23",
		"GL-3": "received 100 rejected 100 consumed 12.5 produced 0 scrapped 0 opening 12.5 on hand 100",
		"ST-5": "received 0 rejected 0 consumed 0 produced 6 scrapped 1 opening 0 on hand 6",
		"FR-4": "received 0 rejected 0 consumed 7 produced 11 scrapped 0 opening 3 on hand 7",
	} {
		for product, f := range plan.Expected {
			got := fmt.Sprintf("received %s rejected %s consumed %s produced %s scrapped %s opening %s on hand %s",
				f.Received, f.Rejected, f.Consumed, f.Produced, f.Scrapped, f.Opening, f.OnHand)
			if product.Number == number && got != want {
				t.Errorf("%s: %s; should be %s", number, got, want)
			}
		}
	}
	if text := strings.Join(plan.Notes, "\n"); !strings.Contains(text, "PurchaseOrderDetail 4 is due on 2022-07-01, before its order of 2022-07-10") ||
		!strings.Contains(text, "1 work orders have no date") {
		t.Errorf("notes are\n%s", text)
	}
}
