package floor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// today is the day by the calendar of the factory.
func today(t *testing.T) time.Time {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return time.Now().In(berlin)
}

// busy gives the factory what boards show: orders in every state, late ones, stock, what waits.
func busy(t *testing.T, api *plant) {
	t.Helper()
	day := func(days int) string { return today(t).AddDate(0, 0, days).Format(time.DateOnly) }
	for i, due := range []int{-2, 0, 1, 3, 5, 8, 9, 12} {
		api.Post(t, "/v1/work-orders", object{"item": "CRATE-6420", "quantity": fmt.Sprint(100 * (i + 1)), "due_on": day(due)}).Want(201)
	}
	api.Post(t, "/v1/opening-stocks", object{"item": "CRATE-6420", "lot": "B-1", "to": "FIN-01", "quantity": "500"}).Want(201)
	for i := range 4 {
		api.Post(t, "/v1/sales-orders", object{
			"site": "ELBE", "customer": "HANSEOBST", "ordered_on": day(-9), "requested_on": day(3*i - 4),
			"lines": []object{{"item": "CRATE-6420", "quantity": fmt.Sprint(10 * (i + 1)), "unit_price": "9.90"}},
		}).Want(201)
	}
}

// number gives events their numbers, as the worker does, until the test ends.
func number(t *testing.T, api *plant) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if _, err := api.DB.Pool.Exec(ctx, `SELECT event.advance_log(1000)`); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { stop(); <-done })
}

// board opens a board on a device that is paired.
func board(t *testing.T, api *plant, url, name string) *browsertest.Page {
	t.Helper()
	page := device(t, api, url)
	page.Size(1920, 1080)
	page.Navigate(url + "/board/#" + name)
	page.Has(fmt.Sprintf(`[data-board=%q][data-live="true"][data-stale="false"]`, name))
	return page
}

func text(page *browsertest.Page, selector string) string {
	return browsertest.Eval[string](page, fmt.Sprintf(`[...document.querySelectorAll(%q)].map((one) => one.innerText).join('\n')`, selector))
}

// TestBoardsAreLive: what happens shows by itself, in each language, and nothing lies outside the screen.
func TestBoardsAreLive(t *testing.T) {
	t.Parallel()
	api := factory(t)
	busy(t, api)
	number(t, api)
	page := board(t, api, api.URL, "shipping")
	page.Wait(`document.querySelectorAll('.split table tbody tr').length === 4`)
	page.Shot("board-shipping")
	order := api.Post(t, "/v1/sales-orders", object{
		"site": "ELBE", "customer": "HANSEOBST", "ordered_on": today(t).Format(time.DateOnly), "lines": []object{{"item": "CRATE-6420", "quantity": "7", "unit_price": "9.90"}},
	}).Want(201).Text("number")
	page.Wait(fmt.Sprintf(`document.querySelector('.split').innerText.includes(%q)`, order))
	for _, name := range []string{"work_centers", "stock", "stock=FIN-01", "warnings", "tablets"} {
		base, of, _ := strings.Cut(name, "=")
		page.Navigate(api.URL + "/board/#" + name)
		page.Has(fmt.Sprintf(`[data-board=%q][data-stale="false"] .content > :not(.empty)`, base))
		if of != "" {
			page.Wait(`document.querySelector('table')?.innerText.includes('B-1')`)
		}
		page.Shot("board-" + strings.ReplaceAll(name, "=", "-"))
		if wide := browsertest.Eval[bool](page, `document.documentElement.scrollWidth > innerWidth || document.querySelector('.content').scrollWidth > document.querySelector('.content').clientWidth + 1`); wide {
			t.Errorf("%s is wider than the screen", name)
		}
	}
	page.Navigate(api.URL + "/board/#jobs") // operators have no right to see jobs
	page.Has(`[data-board="jobs"][data-stale="false"] .no-right`)
	for _, language := range []string{"de", "tr"} {
		page.Navigate(api.URL + "/board/#warnings")
		page.Tap(fmt.Sprintf(`.language:nth-of-type(%d)`, map[string]int{"de": 2, "tr": 3}[language]))
		page.Wait(fmt.Sprintf(`document.documentElement.lang === %q`, language))
		page.Shot("board-warnings-" + language)
	}
}

// TestBoardsTellTheirAge: a board that cannot be kept up to date says so, keeps what it had, and comes back by itself.
func TestBoardsTellTheirAge(t *testing.T) {
	t.Parallel()
	api := factory(t)
	busy(t, api)
	net := between(t, api)
	number(t, api)
	page := board(t, api, net.URL, "work_centers")
	page.Has(`.card li`)
	net.down(true)
	page.Has(`[data-stale="true"] .stale`)
	if shown := text(page, ".card li"); !strings.Contains(shown, "WO-") {
		t.Errorf("a stale board forgot what it had: %q", shown)
	}
	page.Shot("board-stale")
	net.down(false)
	page.Has(`[data-stale="false"][data-live="true"]`)
}

func decode(t *testing.T, answer *httpapitest.Answer, v any) {
	t.Helper()
	if err := json.Unmarshal(answer.Body, v); err != nil {
		t.Fatal(err)
	}
}

// TestBoardReads holds the figures of the boards to what happened.
func TestBoardReads(t *testing.T) {
	t.Parallel()
	api := factory(t)
	busy(t, api)
	var work struct {
		WorkCenters []struct {
			Orders, Late int
			Queue        []struct {
				IsLate bool `json:"is_late"`
			}
		} `json:"work_centers"`
	}
	decode(t, api.Get(t, "/v1/boards/work-centers?limit=3").Want(200), &work)
	orders, late, queued := 0, 0, 0
	for _, one := range work.WorkCenters {
		orders, late, queued = orders+one.Orders, late+one.Late, queued+len(one.Queue)
	}
	if orders != 8 || late != 1 || queued != 3 {
		t.Errorf("%d orders, %d late, %d shown", orders, late, queued)
	}
	var shipping struct {
		Orders []struct {
			State  string
			IsLate bool `json:"is_late"`
		}
	}
	decode(t, api.Get(t, "/v1/boards/shipping").Want(200), &shipping)
	late = 0
	for _, one := range shipping.Orders {
		if one.IsLate {
			late++
		}
		if one.State != "to_pick" {
			t.Errorf("an order of which nothing is picked is %s", one.State)
		}
	}
	if len(shipping.Orders) != 4 || late != 2 {
		t.Errorf("%d orders, %d late", len(shipping.Orders), late)
	}
	var warnings struct {
		Count    int
		Warnings []struct{ Kind string }
	}
	decode(t, api.Get(t, "/v1/boards/warnings?limit=2").Want(200), &warnings)
	if warnings.Count != 3 || len(warnings.Warnings) != 2 {
		t.Errorf("%d warnings, %v shown", warnings.Count, warnings.Warnings)
	}
}
