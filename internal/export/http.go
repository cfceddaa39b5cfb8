package export

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millrace-erp/millrace/internal/export/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
)

const tag = "Exports"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	httpapi.Command[RequestExport, Export](api, httpapi.CommandSpec{
		OperationID: "request-export",
		Scope:       "export:write", Path: "/v1/exports", Tag: tag, Status: 202,
		Summary: "Have a spreadsheet written",
		Description: "A job writes it, as an Excel workbook of one instant's rows; `Location` is the job, whose `link` is the file when it is done.\n\n" +
			"Filters: `stock` takes item and location; `movements` item, lot, location, from and until (of posting); `valuation` item; " +
			"`genealogy` item, lot (all that went into it and came of it), from and until. None: everything.\n\n" +
			"Decimals of up to 15 significant digits are numbers, longer ones text, so that each is exact. Text is never a formula.",
		Refusals: []string{"MR931", "MR932", "MR933", "MR101", "MR102", "MR204"},
		Location: func(body json.RawMessage) string {
			var export Export
			if json.Unmarshal(body, &export) != nil || export.Job == nil {
				return ""
			}
			return "/v1/jobs/" + *export.Job
		},
	}, q.RequestFile)
	httpapi.Get[Export](api, httpapi.ReadSpec{
		OperationID: "get-export",
		Scope:       "export:read", Path: "/v1/exports/{number}", Tag: tag,
		Summary: "A spreadsheet without its content",
	}, q.GetFile)
	httpapi.List[Export](api, httpapi.ReadSpec{
		OperationID: "list-exports",
		Scope:       "export:read", Path: "/v1/exports", Tag: tag,
		Summary: "Spreadsheets that were asked for, latest first",
	}, q.ListFiles)
	httpapi.DownloadStored(api, httpapi.ReadSpec{
		OperationID: "download-export",
		Scope:       "export:read", Path: "/v1/exports/{number}/content", Tag: tag,
		Summary:     "The file of a spreadsheet",
		Description: "There is none before the job is done, and none after it has expired.",
	}, func(ctx context.Context, in *contentInput) (*httpapi.StoredFile, error) {
		row, err := q.GetContent(ctx, in.Number)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		ordinal := int32(-1)
		left := row.Size
		return &httpapi.StoredFile{
			Name: fileName(row.Kind, in.Number), MediaType: mediaType, Size: row.Size, SHA256: row.Sha256,
			// No transaction is held open for a slow client: a piece is read when it is needed.
			Next: func(ctx context.Context) ([]byte, error) {
				if left == 0 {
					return nil, nil
				}
				ordinal++
				content, err := q.GetChunk(ctx, in.Number, ordinal)
				left -= int64(len(content))
				return content, err
			},
		}, nil
	})
}

type contentInput struct {
	Number string `path:"number" minLength:"1" maxLength:"64" doc:"Number of the export."`
	httpapi.Conditional
}

// RequestExport says what is to be written.
type RequestExport struct {
	Kind     string  `json:"kind" enum:"stock,movements,valuation,genealogy" doc:"What the spreadsheet tells."`
	Filters  Filters `json:"filters,omitempty" doc:"What it is limited to."`
	Language string  `json:"language,omitempty" enum:"en,tr,de" doc:"Language of its headings; English unless said otherwise."`
	KeepDays int32   `json:"keep_days,omitempty" minimum:"1" maximum:"90" doc:"How many days the file is kept; 7 unless said otherwise."`
}

// Filters limit a spreadsheet. Which of them apply depends on its kind.
type Filters struct {
	Item     httpapi.Code `json:"item,omitempty" doc:"Only of this item."`
	Lot      httpapi.Code `json:"lot,omitempty" doc:"Only of this lot of the item."`
	Location httpapi.Code `json:"location,omitempty" doc:"Only at, from or to this location."`
	From     *time.Time   `json:"from,omitempty" doc:"Only from this time on."`
	Until    *time.Time   `json:"until,omitempty" doc:"Only before this time."`
}

// Export is a spreadsheet without its content.
type Export struct {
	Number      string     `json:"number" doc:"Number of the export."`
	Kind        string     `json:"kind" enum:"stock,movements,valuation,genealogy" doc:"What it tells."`
	Filters     Filters    `json:"filters" doc:"What it is limited to."`
	Language    string     `json:"language" doc:"ISO 639-1 code of the language of its headings."`
	RequestedBy string     `json:"requested_by" doc:"Who asked for it."`
	RequestedAt time.Time  `json:"requested_at" doc:"When it was asked for."`
	State       string     `json:"state" enum:"pending,ready,failed,expired" doc:"ready: content can be downloaded. failed: see reason and the job."`
	Job         *string    `json:"job" nullable:"true" doc:"Number of the job that writes it."`
	Progress    int32      `json:"progress" minimum:"0" maximum:"100" doc:"Per cent written."`
	Reason      *string    `json:"reason" nullable:"true" doc:"Why the last attempt failed; null when none did."`
	AsOf        *time.Time `json:"as_of" nullable:"true" doc:"Instant of the snapshot that all of it was read in."`
	Rows        *int64     `json:"rows" nullable:"true" doc:"Rows without headings."`
	Size        *int64     `json:"size" nullable:"true" doc:"Bytes of the content."`
	SHA256      *string    `json:"sha256" nullable:"true" doc:"SHA-256 of the content, hexadecimal; also its ETag."`
	FinishedAt  *time.Time `json:"finished_at" nullable:"true" doc:"When it was done."`
	ExpiresAt   *time.Time `json:"expires_at" nullable:"true" doc:"Until when the content is kept."`
	Content     *string    `json:"content" nullable:"true" doc:"Path of the file; null when there is none, or none any more."`
}
