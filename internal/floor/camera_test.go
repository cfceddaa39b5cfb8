package floor_test

import (
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/gs1"
)

// TestCamera holds a label before the camera: the reader comes only then, runs under the policy of the page, and
// reads what a scanner would.
func TestCamera(t *testing.T) {
	t.Parallel()
	symbol, err := gs1.GS1DataMatrix(gs1.Message{{AI: "01", Data: "09521234001010"}, {AI: "10", Data: "CAM-1"}, {AI: "30", Data: "7"}})
	if err != nil {
		t.Fatal(err)
	}
	const module = 12
	picture := image.NewRGBA(image.Rect(0, 0, 640, 480))
	draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src)
	rows, columns := symbol.Size()
	for row := range rows {
		for column := range columns {
			if symbol.IsDark(row, column) {
				at := image.Rect(0, 0, module, module).Add(image.Pt(100+column*module, 60+row*module))
				draw.Draw(picture, at, image.NewUniform(color.Black), image.Point{}, draw.Src)
			}
		}
	}
	browsertest.Camera(t, picture)
	api := factory(t)
	api.Post(t, "/v1/opening-stocks", map[string]any{"item": "CRATE-6420", "lot": "CAM-1", "to": "FIN-01", "quantity": "10"}).Want(201)
	page := device(t, api, api.URL)
	const isLoaded = `performance.getEntriesByType('resource').some((one) => one.name.includes('zxing'))`
	if browsertest.Eval[bool](page, isLoaded) {
		t.Error("the reader was fetched before anybody wanted a camera")
	}
	page.Tap(`[data-task="transfer"]`)
	places(page)
	page.Tap(`[data-action="camera"]`)
	records := settled(page, 1)
	if records[0].State != "confirmed" || !browsertest.Eval[bool](page, isLoaded) {
		t.Errorf("%s: %s", records[0].State, records[0].Problem)
	}
	if got := api.Get(t, "/v1/stock?item=CRATE-6420&location=FIN-02").Text("items", 0, "on_hand"); got != "7" {
		t.Errorf("%s were moved", got)
	}
}
