package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/fakeprinter"
)

// labelPrinters are two label printers of the plant, in this process: a small one where goods come in and are made,
// a large one at the gate.
type labelPrinters struct {
	folder     string
	dock, gate *fakeprinter.Printer
	earlier    map[string]bool // print jobs of before this run, in a database that was given
}

// label is one that came out of a printer.
type label struct {
	Picture string `json:"picture"`
	ZPL     string `json:"zpl"`
	Printer string `json:"printer"`
	Of      string `json:"of"`
}

func switchOn(ctx context.Context, dir string) (*labelPrinters, error) {
	p := &labelPrinters{folder: filepath.Join(dir, "labels")}
	if err := errors.Join(os.RemoveAll(p.folder), os.MkdirAll(p.folder, 0o755)); err != nil {
		return nil, err
	}
	for _, printer := range []**fakeprinter.Printer{&p.dock, &p.gate} {
		var err error
		if *printer, err = fakeprinter.Start(ctx, "127.0.0.1:0"); err != nil {
			p.switchOff()
			return nil, err
		}
	}
	return p, nil
}

// environment tells the worker where printers may be.
func (p *labelPrinters) environment() []string {
	return []string{"MILLRACE_PRINTER_NETWORKS=127.0.0.1"}
}

func (p *labelPrinters) switchOff() {
	for _, printer := range []*fakeprinter.Printer{p.dock, p.gate} {
		if printer != nil {
			printer.Off()
		}
	}
}

// printJob is one as the API lists it.
type printJob struct {
	Number, Printer, State, Label string
	HandlingUnit                  *string `json:"handling_unit"`
	Item, Lot                     *string
	Content                       *string
}

// jobs lists the print jobs.
func (p *labelPrinters) jobs(ctx context.Context, client *demo.Client) ([]printJob, error) {
	var jobs []printJob
	for path := "/v1/print-jobs?limit=500"; path != ""; {
		answer, err := client.Get(ctx, path)
		if err != nil {
			return nil, err
		}
		var page struct {
			Items []printJob
			Next  *string
		}
		if answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &page) != nil {
			return nil, fmt.Errorf("GET %s: %d\n%s", path, answer.Status, demo.Pretty(answer.Body))
		}
		jobs = append(jobs, page.Items...)
		if path = ""; page.Next != nil {
			path = "/v1/print-jobs?limit=500&after=" + url.QueryEscape(*page.Next)
		}
	}
	return jobs, nil
}

// introduce makes the printers known to the plant.
func (p *labelPrinters) introduce(ctx context.Context, client *demo.Client) error {
	earlier, err := p.jobs(ctx, client)
	if err != nil {
		return err
	}
	p.earlier = make(map[string]bool, len(earlier))
	for _, job := range earlier {
		p.earlier[job.Number] = true
	}
	type place struct {
		Location string `json:"location"`
		Label    string `json:"label"`
	}
	save := func(code, name string, printer *fakeprinter.Printer, dpi int, width, height string, places ...place) error {
		return post(ctx, client, "/v1/printers", map[string]any{
			"code": code, "name": name, "site": "ELBE", "host": "127.0.0.1", "port": printer.Port(), "dpi": dpi,
			"label_width": width, "label_height": height, "default_for": places,
		}, &struct{}{})
	}
	var lots []place
	for _, location := range []string{"QUA-01", "RAW-01", "RAW-02", "WIP-01", "WIP-02", "FIN-01", "FIN-02"} {
		lots = append(lots, place{location, "lot_label"})
	}
	return errors.Join(
		save("ZD-DOCK", "Label printer at the dock", p.dock, 203, "100", "70", lots...),
		save("ZD-GATE", "Label printer at gate 1", p.gate, 300, "102", "152", place{"STG-01", "handling_unit_label"}),
	)
}

// report saves what was printed, as ZPL and as the picture that a printer makes of it.
func (p *labelPrinters) report(ctx context.Context, client *demo.Client, s *summary) error {
	s.LabelsOut = len(p.dock.Labels()) + len(p.gate.Labels())
	jobs, err := p.jobs(ctx, client)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		if p.earlier[job.Number] {
			continue
		}
		if job.State != "printed" || job.Content == nil {
			s.LabelsWaiting++
			continue
		}
		content, err := client.Get(ctx, *job.Content)
		if err != nil {
			return err
		}
		parsed, err := fakeprinter.Parse(content.Body)
		if err != nil {
			return fmt.Errorf("%s: %w", job.Number, err)
		}
		img, err := parsed.Image()
		if err != nil {
			return err
		}
		var picture bytes.Buffer
		if err := png.Encode(&picture, img); err != nil {
			return err
		}
		of := "unit"
		if job.HandlingUnit != nil {
			of = *job.HandlingUnit
		} else if job.Item != nil && job.Lot != nil {
			of = *job.Item + " " + *job.Lot
		}
		name := filepath.Join(p.folder, job.Number+"-"+strings.NewReplacer(" ", "-", "/", "-").Replace(of))
		if err := errors.Join(os.WriteFile(name+".zpl", content.Body, 0o644), os.WriteFile(name+".png", picture.Bytes(), 0o644)); err != nil {
			return err
		}
		s.Labels = append(s.Labels, label{Picture: name + ".png", ZPL: name + ".zpl", Printer: job.Printer, Of: of})
	}
	return nil
}
