package document

import (
	"context"
	"encoding/json"
	"errors"
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
		OperationID: "list-documents", Path: "/v1/documents", Tag: tag,
		Summary: "Rendered documents, latest first",
	}, q.ListFiles)
	httpapi.Read[FilePath, File](api, httpapi.ReadSpec{
		OperationID: "get-document", Path: "/v1/documents/{kind}/{number}", Tag: tag,
		Summary:     "A rendered document without its content",
		Description: "Delivery notes, invoices, credit notes and labels are rendered within moments after they come to be; until then there is no such document.",
	}, func(ctx context.Context, in *FilePath) (json.RawMessage, error) {
		return found(q.GetFile(ctx, in.Kind, in.Number))
	})
	httpapi.Download(api, httpapi.ReadSpec{
		OperationID: "download-document", Path: "/v1/documents/{kind}/{number}/content", Tag: tag,
		Summary: "The file of a rendered document",
	}, func(ctx context.Context, in *contentInput) (httpapi.File, error) {
		row, err := found(q.GetContent(ctx, in.Kind, in.Number))
		if err != nil {
			return httpapi.File{}, err
		}
		return httpapi.File{Name: in.Number + ".pdf", MediaType: row.MediaType, ETag: row.Sha256, Content: row.Content}, nil
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
	Kind   string `path:"kind" enum:"delivery_note,invoice,credit_note,handling_unit_label" doc:"What is printed."`
	Number string `path:"number" minLength:"1" maxLength:"64" doc:"Number of the document, or SSCC of the handling unit."`
}

type contentInput struct {
	FilePath
	httpapi.Conditional
}

// File is a rendered document.
type File struct {
	Kind      string    `json:"kind" enum:"delivery_note,invoice,credit_note,handling_unit_label" doc:"What is printed."`
	Number    string    `json:"number" doc:"Number of the document, or SSCC of the handling unit."`
	Language  string    `json:"language" doc:"ISO 639-1 code of the language it is printed in."`
	Revision  int32     `json:"revision" doc:"Counts up from 1; only labels have later ones."`
	MediaType string    `json:"media_type" doc:"Media type of the content."`
	Size      int64     `json:"size" doc:"Bytes of the content."`
	SHA256    string    `json:"sha256" doc:"SHA-256 of the content, hexadecimal; also its ETag."`
	CreatedAt time.Time `json:"created_at" doc:"When it was rendered."`
	Content   string    `json:"content" doc:"Path of the file."`
}
