package notify

import (
	"context"
	"encoding/json"
	"time"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/notify/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
)

const tag = "Mail"

// Register adds the operations of the room to the API.
func Register(api *httpapi.API, primary *pg.Primary) {
	q := db.New(primary)
	httpapi.Read[mailsInput, httpapi.Page[Mail]](api, httpapi.ReadSpec{
		OperationID: "list-mails",
		Scope:       "notify:read", Path: "/v1/mails", Tag: tag,
		Summary:     "List mails, latest first",
		Description: "Delivery notes are mailed when goods are shipped, invoices and credit notes when they are issued, to partners that have an address for them.",
	}, func(ctx context.Context, in *mailsInput) (json.RawMessage, error) {
		return q.ListMails(ctx, in.State, in.After, in.Limit)
	})
	httpapi.Get[Mail](api, httpapi.ReadSpec{
		OperationID: "get-mail",
		Scope:       "notify:read", Path: "/v1/mails/{number}", Tag: tag,
		Summary: "Read how the delivery of a mail stands",
	}, q.GetMail)
	httpapi.Command[ConfirmMail, Mail](api, httpapi.CommandSpec{
		OperationID: "confirm-mail",
		Scope:       "notify:write", Path: "/v1/mail-confirmations", Tag: tag,
		Summary:     "Say that a mail that is held has arrived",
		Description: "The relay's log tells, by Message-ID, or the partner.",
		Refusals:    []string{"MR970", "MR972"},
	}, q.ConfirmMail)
	httpapi.Command[RetryMail, Mail](api, httpapi.CommandSpec{
		OperationID: "retry-mail",
		Scope:       "notify:write", Path: "/v1/mail-retries", Tag: tag,
		Summary:     "Try a mail again that was given up or is held",
		Description: "It goes under the Message-ID that it had.",
		Refusals:    []string{"MR970", "MR971"},
	}, q.RetryMail)
}

type mailsInput struct {
	State string `query:"state" enum:"queued,handing_over,held,sent,dead" doc:"Only those in this state."`
	After string `query:"after" maxLength:"200" doc:"Where to go on: next of the page before."`
	Limit int32  `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Length of the page."`
}

// ConfirmMail names a mail that has arrived.
type ConfirmMail struct {
	Mail httpapi.Code `json:"mail" doc:"Number of the mail."`
}

// RetryMail names a mail to be tried again.
type RetryMail struct {
	Mail httpapi.Code `json:"mail" doc:"Number of the mail."`
}

// Mail is a mail and how its delivery stands.
type Mail struct {
	Number          httpapi.Code `json:"number" doc:"Its number."`
	Partner         httpapi.Code `json:"partner" doc:"Code of the partner."`
	Recipient       string       `json:"recipient" doc:"Address that it goes to."`
	Language        string       `json:"language" doc:"ISO 639-1 code of the language that it is written in."`
	Subject         string       `json:"subject" doc:"Its subject."`
	DocumentKind    string       `json:"document_kind" enum:"delivery_note,invoice,credit_note" doc:"What is attached."`
	Document        httpapi.Code `json:"document" doc:"Number of the attached document."`
	Content         string       `json:"content" doc:"Path of the attached file."`
	MessageID       *string      `json:"message_id" nullable:"true" doc:"Its Message-ID, the same at every attempt; null before the first one."`
	State           string       `json:"state" enum:"queued,handing_over,held,sent,dead" doc:"queued: waits for its next attempt, or is on its way; handing_over: the relay has its text and has not answered yet; held: nobody knows whether the relay took it, see mail-confirmations and mail-retries; sent: the relay has taken it; dead: was given up."`
	Attempts        int32        `json:"attempts" doc:"How often its text was begun to be handed to the relay."`
	UnknownOutcomes int32        `json:"unknown_outcomes" doc:"Attempts that broke off so late that the relay may have taken the mail all the same; after each the mail was held."`
	Reason          *string      `json:"reason" nullable:"true" doc:"Why the last attempt failed."`
	Receipt         *string      `json:"receipt" nullable:"true" doc:"What the relay answered when it took the mail."`
	CreatedAt       time.Time    `json:"created_at" doc:"When it was written."`
	QueuedAt        time.Time    `json:"queued_at" doc:"Since when its delivery is tried."`
	AttemptedAt     *time.Time   `json:"attempted_at" nullable:"true" doc:"Last attempt."`
	SentAt          *time.Time   `json:"sent_at" nullable:"true" doc:"When the relay took it."`
}
