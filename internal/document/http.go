package document

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/document/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
)

const tag = "Documents"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	httpapi.List[File](api, httpapi.ReadSpec{
		OperationID: "list-documents",
		Scope:       "document:read", Path: "/v1/documents", Tag: tag,
		Summary: "Rendered documents, latest first",
	}, q.ListFiles)
	httpapi.Read[FilePath, File](api, httpapi.ReadSpec{
		OperationID: "get-document",
		Scope:       "document:read", Path: "/v1/documents/{kind}/{number}", Tag: tag,
		Summary:     "A rendered document without its content",
		Description: "Delivery notes, invoices, credit notes and labels are rendered within moments after they come to be; until then there is no such document.",
	}, func(ctx context.Context, in *FilePath) (json.RawMessage, error) {
		return found(q.GetFile(ctx, in.Kind, in.Number))
	})
	httpapi.Download(api, httpapi.ReadSpec{
		OperationID: "download-document",
		Scope:       "document:read", Path: "/v1/documents/{kind}/{number}/content", Tag: tag,
		Summary: "The file of a rendered document",
	}, func(ctx context.Context, in *contentInput) (httpapi.File, error) {
		row, err := found(q.GetContent(ctx, in.Kind, in.Number))
		if err != nil {
			return httpapi.File{}, err
		}
		return httpapi.File{Name: fileName.Replace(in.Number) + ".pdf", MediaType: row.MediaType, ETag: row.Sha256, Content: row.Content}, nil
	})
	registerPrinting(api, q)
}

// fileName has nothing that a file system would not take.
var fileName = strings.NewReplacer(":", " ", "/", "-")

// registerPrinting adds printers and what is printed on them.
func registerPrinting(api *httpapi.API, q *db.Queries) {
	httpapi.Command[SavePrinter, Printer](api, httpapi.CommandSpec{
		OperationID: "save-printer",
		Scope:       "document:write", Path: "/v1/printers", Tag: tag, Status: 200,
		Summary: "Make a label printer, or replace it",
		Description: "What is sent becomes the record, whole: a new one, or in place of the one of that code. What is left out takes its default. " +
			"The printer is tried again at once if it was down. Its host must lie in the networks that the worker may print to (`MILLRACE_PRINTER_NETWORKS`).",
		Refusals: []string{"MR102", "MR107", "MR952", "MR957"},
	}, q.SavePrinter)
	httpapi.Get[Printer](api, httpapi.ReadSpec{
		OperationID: "get-printer",
		Scope:       "document:read", Path: "/v1/printers/{number}", Tag: tag,
		Summary: "Read a label printer, and how it does",
	}, q.GetPrinter)
	httpapi.List[Printer](api, httpapi.ReadSpec{
		OperationID: "list-printers",
		Scope:       "document:read", Path: "/v1/printers", Tag: tag,
		Summary: "List label printers, and how they do",
	}, q.ListPrinters)
	httpapi.Command[PrintLabel, PrintJob](api, httpapi.CommandSpec{
		OperationID: "print-label",
		Scope:       "document:write", Path: "/v1/print-jobs", Tag: tag,
		Summary: "Print a label, or print it again",
		Description: "The label is sent as ZPL as soon as the printer takes it, and for as long as it takes: a printer that is down is tried again, nothing is given up. " +
			"One that dies in the middle of a label gets it again, so a label may come out twice (`is_maybe_double`), but never not at all.",
		Refusals: []string{"MR950", "MR951", "MR952", "MR955", "MR956", "MR204", "MR520"},
	}, q.PrintLabel)
	httpapi.Command[CancelPrintJob, PrintJob](api, httpapi.CommandSpec{
		OperationID: "cancel-print-job",
		Scope:       "document:write", Path: "/v1/print-job-cancellations", Tag: tag,
		Summary:  "Take back a label that waits for its printer",
		Refusals: []string{"MR953", "MR954"},
	}, q.CancelPrintJob)
	httpapi.Get[PrintJob](api, httpapi.ReadSpec{
		OperationID: "get-print-job",
		Scope:       "document:read", Path: "/v1/print-jobs/{number}", Tag: tag,
		Summary: "Read a print job",
	}, q.GetPrintJob)
	httpapi.List[PrintJob](api, httpapi.ReadSpec{
		OperationID: "list-print-jobs",
		Scope:       "document:read", Path: "/v1/print-jobs", Tag: tag,
		Summary: "Print jobs, latest first",
	}, q.ListPrintJobs)
	httpapi.Download(api, httpapi.ReadSpec{
		OperationID: "download-print-job",
		Scope:       "document:read", Path: "/v1/print-jobs/{number}/content", Tag: tag,
		Summary: "The ZPL of a print job, as the printer got it",
	}, func(ctx context.Context, in *printContentInput) (httpapi.File, error) {
		row, err := found(q.GetPrintContent(ctx, in.Number))
		if err != nil {
			return httpapi.File{}, err
		}
		return httpapi.File{Name: in.Number + ".zpl", MediaType: "application/vnd.zebra-zpl", ETag: row.Sha256, Content: row.Content}, nil
	})
}

// found gives the zero value where there is no row: that is a 404 and no failure.
func found[T any](v T, err error) (T, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		var none T
		return none, nil
	}
	return v, err
}

// FilePath names a document.
type FilePath struct {
	Kind   string `path:"kind" enum:"delivery_note,invoice,credit_note,handling_unit_label,lot_label" doc:"What is printed."`
	Number string `path:"number" minLength:"1" maxLength:"64" doc:"Number of the document, SSCC of the handling unit, or item and lot with a colon between them (PP-NAT:L-0001)."`
}

type contentInput struct {
	FilePath
	httpapi.Conditional
}

// File is a rendered document.
type File struct {
	Kind      string    `json:"kind" enum:"delivery_note,invoice,credit_note,handling_unit_label,lot_label" doc:"What is printed."`
	Number    string    `json:"number" doc:"Number of the document, SSCC of the handling unit, or item and lot with a colon between them (PP-NAT:L-0001)."`
	Language  string    `json:"language" doc:"ISO 639-1 code of the language it is printed in."`
	Revision  int32     `json:"revision" doc:"Counts up from 1; only labels have later ones."`
	MediaType string    `json:"media_type" doc:"Media type of the content."`
	Size      int64     `json:"size" doc:"Bytes of the content."`
	SHA256    string    `json:"sha256" doc:"SHA-256 of the content, hexadecimal; also its ETag."`
	CreatedAt time.Time `json:"created_at" doc:"When it was rendered."`
	Content   string    `json:"content" doc:"Path of the file."`
}

type printContentInput struct {
	Number string `path:"number" minLength:"1" maxLength:"64" doc:"Number of the print job."`
	httpapi.Conditional
}

// SavePrinter is a printer as it is to be.
type SavePrinter struct {
	Code        httpapi.Code     `json:"code" doc:"Its code." example:"ZD-DOCK-1"`
	Name        httpapi.Text     `json:"name" doc:"What people call it." minLength:"1"`
	Site        httpapi.Code     `json:"site" doc:"Code of the site."`
	Host        string           `json:"host" pattern:"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$" doc:"Name or address." example:"10.20.3.15"`
	Port        int              `json:"port,omitempty" minimum:"1" maximum:"65535" default:"9100" doc:"TCP port."`
	DPI         int              `json:"dpi,omitempty" enum:"203,300,600" default:"203" doc:"Dots per inch of its head."`
	LabelWidth  string           `json:"label_width" pattern:"^[0-9]{2,3}(\\.[0-9])?$" doc:"Width of the labels that lie in it, millimetres: 40 to 220." example:"102"`
	LabelHeight string           `json:"label_height" pattern:"^[0-9]{2,3}(\\.[0-9])?$" doc:"Height of the labels that lie in it, millimetres: 25 to 320." example:"152"`
	Font        string           `json:"font,omitempty" pattern:"^([A-Z0-9]|[A-Z]:[A-Z0-9_]{1,16}\\.(FNT|TTF|TTE))$" default:"0" doc:"Its font for text: 0 is in every printer; E:TT0003M_.FNT has more letters where it is stored."`
	Language    string           `json:"language,omitempty" enum:"en,de,tr" default:"en" doc:"Language of labels that go to no partner."`
	TellsStatus *bool            `json:"tells_status,omitempty" default:"true" doc:"It answers ~HS: then a label counts as printed when the printer says that nothing is left to print."`
	IsActive    *bool            `json:"is_active,omitempty" default:"true" doc:"False: nothing is sent to it."`
	DefaultFor  []PrinterDefault `json:"default_for,omitempty" maxItems:"500" doc:"Labels of these locations come out of it; it takes them from the printer that had them."`
}

// PrinterDefault is a location whose labels of one kind come out of a printer.
type PrinterDefault struct {
	Location httpapi.Code `json:"location" doc:"Code of the location: where lots are received or made, or where goods are staged."`
	Label    string       `json:"label" enum:"lot_label,handling_unit_label" doc:"Kind of label."`
}

// Printer is a label printer, and how it does.
type Printer struct {
	Code          string           `json:"code" doc:"Its code."`
	Name          string           `json:"name" doc:"What people call it."`
	Site          string           `json:"site" doc:"Code of the site."`
	Host          string           `json:"host" doc:"Name or address."`
	Port          int              `json:"port" doc:"TCP port."`
	DPI           int              `json:"dpi" doc:"Dots per inch of its head."`
	LabelWidth    string           `json:"label_width" doc:"Width of its labels in millimetres."`
	LabelHeight   string           `json:"label_height" doc:"Height of its labels in millimetres."`
	Font          string           `json:"font" doc:"Its font for text."`
	Language      string           `json:"language" doc:"Language of labels that go to no partner."`
	TellsStatus   bool             `json:"tells_status" doc:"Whether it is asked how it does."`
	IsActive      bool             `json:"is_active" doc:"False: nothing is sent to it."`
	DefaultFor    []PrinterDefault `json:"default_for" doc:"Locations whose labels come out of it."`
	State         string           `json:"state" enum:"ready,down,untried,off" doc:"down: its last attempt failed, and what waits is tried again by and by."`
	Failures      int              `json:"failures" doc:"Attempts in a row that failed."`
	LastSuccessAt *time.Time       `json:"last_success_at" doc:"When it last printed a label."`
	LastError     *string          `json:"last_error" doc:"Why its last failed attempt failed."`
	LastErrorAt   *time.Time       `json:"last_error_at" doc:"When that was."`
	NextTryAt     *time.Time       `json:"next_try_at" doc:"When it is tried again, while it is down."`
	WaitingJobs   int              `json:"waiting_jobs" doc:"Labels that wait for it."`
	WaitingSince  *time.Time       `json:"waiting_since" doc:"Since when the oldest of them waits."`
}

// PrintLabel asks for a label.
type PrintLabel struct {
	Label        string       `json:"label" enum:"lot_label,handling_unit_label" doc:"What is printed."`
	HandlingUnit httpapi.Code `json:"handling_unit,omitempty" doc:"SSCC, for its label."`
	Item         httpapi.Code `json:"item,omitempty" doc:"Item number, for the label of a lot."`
	Lot          httpapi.Code `json:"lot,omitempty" doc:"Lot or serial number, for its label."`
	Printer      httpapi.Code `json:"printer,omitempty" doc:"Code of the printer."`
	Location     httpapi.Code `json:"location,omitempty" doc:"Code of the location whose printer is meant, where no printer is named."`
	Copies       int          `json:"copies,omitempty" minimum:"1" maximum:"100" default:"1" doc:"How many pieces."`
	Language     string       `json:"language,omitempty" enum:"en,de,tr" doc:"Default: the customer's, or that of the printer."`
}

// CancelPrintJob names a print job that nobody wants any more.
type CancelPrintJob struct {
	PrintJob httpapi.Code `json:"print_job" doc:"Its number."`
}

// PrintJob is a label that is to come out of a printer, or did.
type PrintJob struct {
	Number        string     `json:"number" doc:"Its number."`
	Printer       string     `json:"printer" doc:"Code of the printer."`
	Label         string     `json:"label" enum:"lot_label,handling_unit_label" doc:"What is printed."`
	HandlingUnit  *string    `json:"handling_unit" doc:"SSCC, of its label."`
	Item          *string    `json:"item" doc:"Item number, of the label of a lot."`
	Lot           *string    `json:"lot" doc:"Lot or serial number."`
	Language      *string    `json:"language" doc:"The language that was asked for."`
	Copies        int        `json:"copies" doc:"How many pieces."`
	IsAutomatic   bool       `json:"is_automatic" doc:"It followed from a receipt, a production report or from packing."`
	Actor         string     `json:"actor" doc:"Who caused it."`
	State         string     `json:"state" enum:"waiting,sending,printed,failed,cancelled" doc:"failed: no label can be made of it."`
	Attempts      int        `json:"attempts" doc:"How often it was begun to be sent."`
	IsMaybeDouble bool       `json:"is_maybe_double" doc:"An attempt broke off after the printer had got some of it: it may have come out more often than it should."`
	LastError     *string    `json:"last_error" doc:"Why the last failed attempt failed."`
	CreatedAt     time.Time  `json:"created_at" doc:"When it was asked for."`
	SentAt        *time.Time `json:"sent_at" doc:"When the last attempt began."`
	FinishedAt    *time.Time `json:"finished_at" doc:"When it was printed, cancelled or given up."`
	SHA256        *string    `json:"sha256" doc:"SHA-256 of the ZPL, hexadecimal; also its ETag."`
	Content       *string    `json:"content" doc:"Path of the ZPL; null until the first attempt."`
}
