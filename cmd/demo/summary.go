package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/millrace-erp/millrace/cmd/demo/internal/db"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/replica"
)

// summary is what came of a run: what is printed, and what is in summary.json.
type summary struct {
	ReadySeconds  float64              `json:"ready_seconds"`
	TotalSeconds  float64              `json:"total_seconds"`
	Journey       *demo.Report         `json:"journey"`
	Operators     *demo.Crowd          `json:"operators"`
	Figures       db.FiguresRow        `json:"figures"`
	Keys          db.KeyEffectsRow     `json:"keys"`
	Checks        checks               `json:"checks"`
	Mirror        *mirror              `json:"replica,omitempty"`
	Seals         sealed               `json:"audit"`
	Stock         []db.StockByPlaceRow `json:"stock"`
	Valuation     []valuationLine      `json:"valuation"`
	Accounts      []accountLine        `json:"accounts"`
	Journal       string               `json:"journal"` // file
	Documents     []string             `json:"documents"`
	Spreadsheets  []spreadsheet        `json:"spreadsheets"`
	Labels        []label              `json:"labels"`
	LabelsOut     int                  `json:"labels_that_came_out"`
	LabelsWaiting int                  `json:"labels_not_printed"`
	Mails         []letter             `json:"mails"`
	MailsTwice    int                  `json:"mails_that_came_twice"`
	MailsWaiting  int64                `json:"mails_not_sent"`
	Webhooks      webhooks             `json:"webhooks"`
	LogLines      int                  `json:"log_lines"`
	Secrets       []string             `json:"secrets_in_logs"`
	Held          bool                 `json:"held"`

	API     string `json:"api"`
	OpenAPI string `json:"openapi"`
	Jobs    string `json:"jobs"`
	Primary string `json:"primary"` // commands; the passwords stay in their file
	Replica string `json:"replica_command,omitempty"`

	valuation struct{ Items []valuationLine }
	accounts  struct{ Items []accountLine }
}

type spreadsheet struct {
	File string `json:"file"`
	Link string `json:"link"`
	Size int    `json:"size"`
}

type checks struct {
	Run    int      `json:"run"`
	Broken []string `json:"broken"`
}

type mirror struct {
	replica.Comparison
	CatchUpMilliseconds float64 `json:"catch_up_milliseconds"`
}

type valuationLine struct {
	Item     string `json:"item"`
	Unit     string `json:"unit"`
	Method   string `json:"method"`
	Quantity string `json:"quantity"`
	Value    string `json:"value"`
}

// accountLine is an account of the value journal.
type accountLine struct {
	Account  string `json:"account"`
	Currency string `json:"currency"`
	Debit    string `json:"debit"`
	Credit   string `json:"credit"`
	Balance  string `json:"balance"`
}

// verdict is what did not hold.
func (s *summary) verdict() error {
	var broken []error
	for _, check := range s.Checks.Broken {
		broken = append(broken, errors.New("check "+check))
	}
	if s.Keys.Wrong > 0 {
		broken = append(broken, fmt.Errorf("%d keys do not have exactly one effect", s.Keys.Wrong))
	}
	if int64(s.Operators.Keys) != s.Keys.Keys {
		broken = append(broken, fmt.Errorf("the operators used %d keys and the database knows %d of them", s.Operators.Keys, s.Keys.Keys))
	}
	broken = append(broken, s.Operators.Verdict())
	for _, line := range s.Stock {
		if line.OnHand != line.Movements {
			broken = append(broken, fmt.Errorf("%s of %s is on hand at %s, and its movements make %s", line.OnHand, line.Item, line.Location, line.Movements))
		}
	}
	if s.MailsWaiting > 0 || len(s.Mails) == 0 {
		broken = append(broken, fmt.Errorf("%d mails were sent, %d were not", len(s.Mails), s.MailsWaiting))
	}
	if s.LabelsWaiting > 0 || len(s.Labels) == 0 || s.LabelsOut < len(s.Labels) {
		broken = append(broken, fmt.Errorf("%d labels were printed, %d were not, %d came out", len(s.Labels), s.LabelsWaiting, s.LabelsOut))
	}
	if len(s.Secrets) > 0 || s.LogLines == 0 {
		broken = append(broken, fmt.Errorf("of %d lines of the logs these tell a secret: %v", s.LogLines, s.Secrets))
	}
	if s.Webhooks.Messages == 0 || s.Webhooks.Forged+s.Webhooks.Disorder > 0 {
		broken = append(broken, fmt.Errorf("webhooks: %d messages, %d not verified, %d out of order", s.Webhooks.Messages, s.Webhooks.Forged, s.Webhooks.Disorder))
	}
	if s.Seals.Findings > 0 || s.Seals.Heads != s.Seals.Seals || s.Seals.Waiting > 0 {
		broken = append(broken, fmt.Errorf("the audit: %s", s.Seals))
	}
	if s.Seals.Tampering != nil && s.Seals.Tampering.Found == "" {
		broken = append(broken, errors.New("a movement was changed behind the back of everybody, and nobody noticed"))
	}
	if s.Mirror != nil && len(s.Mirror.Differ) > 0 {
		broken = append(broken, fmt.Errorf("the replica differs in %s", strings.Join(s.Mirror.Differ, ", ")))
	}
	return errors.Join(broken...)
}

func (s *summary) write(file string) error {
	s.Held = s.verdict() == nil
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

func (s *summary) print(out io.Writer) {
	say := func(format string, values ...any) { fmt.Fprintf(out, format+"\n", values...) }
	say("\nThe journey")
	for _, step := range s.Journey.Steps {
		say("  %-36s %s", step.Title, step.Result)
	}
	say("\n%d operators at once for %.0f s", s.Operators.Operators, s.Operators.Seconds)
	say("  %d commands under %d keys: %d accepted, %d refused, %d sent again, %d answered 5xx", s.Operators.Answered, s.Operators.Keys,
		s.Operators.Accepted, s.Operators.Refused, s.Operators.Retries, s.Operators.Broken)
	say("  %.0f a second; latency p50 %.1f ms, p99 %.1f ms", s.Operators.PerSecond, s.Operators.P50, s.Operators.P99)

	say("\nStock")
	table := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
	fmt.Fprintln(table, "  item\tlocation\tlots\ton hand\treserved\tby its movements\t")
	for _, line := range s.Stock {
		fmt.Fprintf(table, "  %s\t%s\t%d\t%s %s\t%s\t%s\t\n", line.Item, line.Location, line.Lots, line.OnHand, line.Unit, line.Reserved, line.Movements)
	}
	_ = table.Flush() // out has told of its errors
	say("\nIts value")
	fmt.Fprintln(table, "  item\tmethod\tquantity\tvalue EUR\t")
	for _, line := range s.Valuation {
		fmt.Fprintf(table, "  %s\t%s\t%s %s\t%s\t\n", line.Item, strings.ReplaceAll(line.Method, "_", " "), line.Quantity, line.Unit, line.Value)
	}
	_ = table.Flush()
	say("\nThe value journal")
	fmt.Fprintln(table, "  account\tdebit EUR\tcredit EUR\tbalance EUR\t")
	for _, line := range s.Accounts {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t\n", strings.ReplaceAll(line.Account, "_", " "), line.Debit, line.Credit, line.Balance)
	}
	_ = table.Flush()
	say("  all of it: %s, and %s/v1/journal.csv", s.Journal, s.API)

	say("\nProof")
	say("  %d movements, %d balances, %d events, %d audit entries, %d requests, %d jobs", s.Figures.Movements, s.Figures.Balances,
		s.Figures.Events, s.Figures.AuditEntries, s.Figures.Requests, s.Figures.Jobs)
	say("  %d checks: %d broken", s.Checks.Run, len(s.Checks.Broken))
	say("  %d keys: %d without exactly one effect", s.Keys.Keys, s.Keys.Wrong)
	say("  audit: %s", s.Seals)
	if t := s.Seals.Tampering; t != nil {
		say("  %s: found as", t.What)
		say("    %s", t.Found)
	}
	if s.Mirror != nil {
		say("  replica: %d tables and %d rows compared, %d differ; caught up in %.0f ms", s.Mirror.Tables, s.Mirror.Rows, len(s.Mirror.Differ), s.Mirror.CatchUpMilliseconds)
	}
	say("  ready to post after %.1f s, all in all %.1f s", s.ReadySeconds, s.TotalSeconds)
	if len(s.Documents) > 0 {
		say("\nDocuments")
		for _, document := range slices.Sorted(slices.Values(s.Documents)) {
			say("  %s", document)
		}
	}
	say("\nSpreadsheets")
	for _, file := range s.Spreadsheets {
		say("  %s (%d kB), %s", file.File, (file.Size+1023)/1024, file.Link)
	}
	say("\nLabels: %d came out of the printers", s.LabelsOut)
	for _, l := range s.Labels {
		say("  %-52s %s", l.Picture, l.Printer)
	}
	say("\nMails")
	for _, l := range s.Mails {
		say("  %s  %s to %s", l.File, l.Subject, l.To)
	}
	say("\nWebhooks")
	say("  the shop got %d messages of %d topics, %d of them not verified, %d out of order: curl -H \"Authorization: Bearer $(cat var/demo/token)\" '%s/v1/webhook-attempts?endpoint=SHOP'",
		s.Webhooks.Messages, len(s.Webhooks.Topics), s.Webhooks.Forged, s.Webhooks.Disorder, s.API)
	say("\nTo look at")
	say("  api      %s   OpenAPI %s", s.API, s.OpenAPI)
	say("  jobs     %s   River's pages: sign in with the token in var/demo/token", s.Jobs)
	say("  token    var/demo/token: curl -H \"Authorization: Bearer $(cat var/demo/token)\" %s/v1/stock", s.API)
	say("  primary  %s", s.Primary)
	if s.Replica != "" {
		say("  replica  %s", s.Replica)
	}
}
