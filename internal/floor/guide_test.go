package floor_test

import (
	"os"
	"path/filepath"
)

// guide are the pictures of docs/operator.md: make guide. A picture is of a handheld, for a right hand, in English.
var guide = []struct {
	screen, file, language, hand, contrast string
	size                                   viewport
}{
	{screen: "pairing"},
	{screen: "login"},
	{screen: "login: PIN", file: "pin"},
	{screen: "home"},
	{screen: "home", file: "home-tr", language: "tr", hand: "left", contrast: "high"},
	{screen: "home", file: "home-de", language: "de"},
	{screen: "receive task"},
	{screen: "receive summary"},
	{screen: "receive pad", file: "pad"},
	{screen: "receive newLot", file: "lot"},
	{screen: "inspect summary"},
	{screen: "inspect summary: rejecting", file: "inspect-reject"},
	{screen: "put_away summary"},
	{screen: "issue summary"},
	{screen: "receive details"},
	{screen: "receive expiry pad", file: "expiry"},
	{screen: "report summary"},
	{screen: "report summary: lot, scrap, material", file: "report-scrap"},
	{screen: "transfer item"},
	{screen: "transfer summary"},
	{screen: "pick summary"},
	{screen: "pack summary"},
	{screen: "ship units: one chosen", file: "ship-units"},
	{screen: "ship summary"},
	{screen: "return task"},
	{screen: "return summary"},
	{screen: "send_back summary"},
	{screen: "count item"},
	{screen: "count summary"},
	{screen: "verdict: confirmed en", file: "confirmed"},
	{screen: "verdict: queued en", file: "queued"},
	{screen: "verdict: refused en", file: "refused"},
	{screen: "verdict: unknown code en", file: "unknown"},
	{screen: "journal: queued and refused en", file: "journal"},
	{screen: "entry: refused en", file: "entry-refused"},
	{screen: "entry: confirmed en", file: "entry-confirmed"},
	{screen: "look_up"},
	{screen: "found: lot", file: "found-lot", size: viewport{800, 1280}},
	{screen: "settings"},
	{screen: "board shipping", size: viewport{1280, 800}},
	{screen: "board work_centers", size: viewport{1280, 800}},
	{screen: "board warnings", size: viewport{1280, 800}},
	{screen: "board tablets", size: viewport{1280, 800}},
	{screen: "desk purchase_orders", size: viewport{1280, 800}},
	{screen: "desk purchase order", size: viewport{1280, 1100}},
	{screen: "desk work order: done", file: "desk-done", size: viewport{1280, 800}},
	{screen: "desk sales order: refused", file: "desk-refused", language: "de", size: viewport{1280, 900}},
	{screen: "desk sales order: unanswered", file: "desk-unanswered", size: viewport{1280, 900}},
	{screen: "desk sales_orders", file: "desk-telephone", language: "tr"},
	{screen: "desk shipment: to invoice", file: "desk-invoice", size: viewport{1280, 800}},
	{screen: "desk invoices", size: viewport{1280, 800}},
	{screen: "board history=goods_receipt:GR-000003", file: "board-history", size: viewport{1280, 800}},
	{screen: "board: stale de", file: "board-stale", language: "de", size: viewport{1280, 800}},
}

// picture leaves the pictures of the guide in the folder that MILLRACE_GUIDE names. It says whether it is about them.
func (g *glove) picture(label string) bool {
	g.t.Helper()
	folder := os.Getenv("MILLRACE_GUIDE")
	if folder == "" {
		return false
	}
	for _, one := range guide {
		if one.screen != label {
			continue
		}
		size, language, hand, contrast, file := one.size, "en", "right", "normal", fileName(label)
		if size.width == 0 {
			size = viewports[1]
		}
		if one.language != "" {
			language = one.language
		}
		if one.hand != "" {
			hand, contrast = one.hand, one.contrast
		}
		if one.file != "" {
			file = one.file
		}
		g.page.Size(size.width, size.height)
		g.wear(language, hand, contrast)
		if err := os.WriteFile(filepath.Join(folder, file+".webp"), g.page.Picture(70), 0o600); err != nil {
			g.t.Fatal(err)
		}
		g.page.Size(viewports[1].width, viewports[1].height)
		g.wear("en", "right", "normal")
	}
	return true
}
