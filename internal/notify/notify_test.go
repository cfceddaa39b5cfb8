package notify_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/notify"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/postbox"
	"github.com/millrace-erp/millrace/internal/queue"
	"github.com/millrace-erp/millrace/internal/testdb"
)

type m = map[string]any

// factory is a plant that has shipped, invoiced and credited, with the documents rendered:
// two of its three customers want theirs by mail.
func factory(t *testing.T) *httpapitest.API {
	t.Helper()
	api := httpapitest.New(t)
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	silent := func(int, int, string) {}
	if err := demo.Load(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Journey(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	execute(t, api, `UPDATE catalog.partner SET language = 'tr' WHERE code = 'LYONPRIM'`)
	// What the worker of documents would have done.
	execute(t, api, `DELETE FROM river.river_job`)
	execute(t, api, `
		SELECT document.store_file('delivery_note', d.number, p.language, 'application/pdf', convert_to('%PDF of ' || d.number, 'UTF8') || '\x0d0a00ff')
		FROM shipping.delivery_note AS d JOIN shipping.shipment AS h ON h.id = d.shipment_id JOIN catalog.partner AS p ON p.id = h.customer_id ORDER BY d.id`)
	execute(t, api, `
		SELECT document.store_file(i.kind::text::document.kind, i.number, p.language, 'application/pdf', convert_to('%PDF of ' || i.number, 'UTF8') || '\x0d0a00ff')
		FROM billing.invoice AS i JOIN catalog.partner AS p ON p.id = i.customer_id ORDER BY i.id`)
	return api
}

// wanted is how many documents have an address.
const wanted = `
	SELECT (SELECT count(*) FROM shipping.delivery_note AS d JOIN shipping.shipment AS h ON h.id = d.shipment_id
			JOIN catalog.partner AS p ON p.id = h.customer_id WHERE p.delivery_note_email IS NOT NULL)
		+ (SELECT count(*) FROM billing.invoice AS i JOIN catalog.partner AS p ON p.id = i.customer_id WHERE p.invoice_email IS NOT NULL)`

func execute(t *testing.T, api *httpapitest.API, sql string, values ...any) {
	t.Helper()
	if _, err := api.DB.Pool.Exec(context.Background(), sql, values...); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, api *httpapitest.API, sql string, values ...any) (n int) {
	t.Helper()
	if err := api.DB.Pool.QueryRow(context.Background(), sql, values...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func until(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !isSo(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: " + what)
		}
	}
}

func open(t *testing.T, options postbox.Options) *postbox.Server {
	t.Helper()
	box, err := postbox.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	return box
}

// relay is the way to a box. Pauses are a thousandth of what they are in a plant.
func relay(box *postbox.Server) notify.Relay {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(box.Certificate)
	return notify.Relay{Host: postbox.Host, Port: box.Port, RootCAs: roots, From: "Elbe Crate Works <versand@elbe.example>", Timeout: 5 * time.Second, Scale: 1000}
}

// work runs the jobs until the test ends, or stop is called.
func work(t *testing.T, api *httpapitest.API, relay notify.Relay) (stop func()) {
	t.Helper()
	primary := &pg.Primary{Pool: api.DB.As(t, testdb.WorkerRole)}
	jobs := queue.NewJobs()
	notify.RegisterJobs(jobs, primary, relay)
	client, err := queue.NewClient(primary, jobs, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := client.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func allSent(t *testing.T, api *httpapitest.API) func() bool {
	return func() bool {
		return number(t, api, `SELECT count(*) FROM river.river_job WHERE kind = 'notify_compose' AND finalized_at IS NULL`) == 0 &&
			number(t, api, `SELECT count(*) FROM notify.mail WHERE state <> 'sent'`) == 0
	}
}

// distinct counts the Message-IDs in a box, and the copies beyond one of each.
func distinct(box *postbox.Server) (ids, copies int) {
	seen := map[string]bool{}
	for _, letter := range box.Letters() {
		seen[letter.MessageID()] = true
	}
	return len(seen), len(box.Letters()) - len(seen)
}

// TestDocumentsGoByMail: each document goes once to the partner that wants it, in the
// partner's language, over an encrypted connection, with the stored file attached.
func TestDocumentsGoByMail(t *testing.T) {
	t.Parallel()
	for name, isImplicit := range map[string]bool{"starttls": false, "implicit": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := factory(t)
			box := open(t, postbox.Options{Implicit: isImplicit, User: "millrace", Password: "p w d"})
			to := relay(box)
			to.User, to.Password = "millrace", "p w d"
			if isImplicit {
				to.TLS = notify.ImplicitTLS
			}
			work(t, api, to)
			want := number(t, api, wanted)
			until(t, "all mails", func() bool { return len(box.Letters()) >= want && allSent(t, api)() })
			if ids, copies := distinct(box); ids != want || copies != 0 || want < 5 {
				t.Errorf("%d mails of %d, %d copies", ids, want, copies)
			}
			if box.Logins() == 0 {
				t.Error("nobody logged in")
			}
			subjects := map[string]bool{}
			for _, letter := range box.Letters() {
				if letter.From != "versand@elbe.example" {
					t.Errorf("from %s", letter.From)
				}
				id := letter.MessageID()
				var row struct{ recipient, subject, number string }
				var content []byte
				err := api.DB.Pool.QueryRow(t.Context(), `
					SELECT m.recipient, m.subject, m.number, f.content FROM notify.mail AS m JOIN document.file AS f ON f.id = m.file_id WHERE m.message_id = $1`, id).
					Scan(&row.recipient, &row.subject, &row.number, &content)
				if err != nil {
					t.Fatalf("%s: %v", id, err)
				}
				message, err := mail.ReadMessage(bytes.NewReader(letter.Raw))
				if err != nil {
					t.Fatal(err)
				}
				subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
				if err != nil || subject != row.subject || letter.To != row.recipient || message.Header.Get("X-Millrace-Mail") != row.number {
					t.Errorf("%s to %s: %q, %v", row.number, letter.To, subject, err)
				}
				subjects[subject] = true
				if got := attachment(t, message); !bytes.Equal(got, content) {
					t.Errorf("%s carries %q and not %q", row.number, got, content)
				}
			}
			all := fmt.Sprint(subjects)
			for _, words := range []string{"Lieferschein DN-", "Rechnung INV-", "Gutschrift CN-", " numaralı irsaliye – ", " numaralı fatura – "} {
				if !strings.Contains(all, words) {
					t.Errorf("no subject says %q: %s", words, all)
				}
			}
			page := api.Get(t, "/v1/mails?state=sent&limit=2").Want(200)
			if page.Len("items") != 2 || page.Value("items", 0, "attempts") != 1.0 || page.Text("items", 0, "receipt") == "" || page.Value("items", 0, "unknown_outcomes") != 0.0 {
				t.Errorf("%s", page.Body)
			}
			api.Get(t, page.Text("items", 0, "content")).Want(200)
			if api.Get(t, "/v1/mails?limit=500&after="+page.Text("next")).Want(200).Len("items") != want-2 {
				t.Error("the pages do not add up")
			}
			api.Get(t, "/v1/mails/"+page.Text("items", 0, "number")).Want(200)
			api.Get(t, "/v1/mails/ML-999999").Want(404)
			if n := number(t, api, `SELECT count(*) FROM notify.mail AS m JOIN catalog.partner AS p ON p.id = m.partner_id WHERE p.code = 'NORFISK'`); n != 0 {
				t.Error("a partner without an address gets mail")
			}
			// The same document stored again, and its job run again, make no second mail.
			execute(t, api, `SELECT event.insert_job('notify_compose', jsonb_build_object('kind', f.kind, 'number', f.number)) FROM document.file AS f`)
			until(t, "nothing", allSent(t, api))
			if len(box.Letters()) != want {
				t.Errorf("%d mails after the jobs ran again", len(box.Letters()))
			}
		})
	}
}

func attachment(t *testing.T, message *mail.Message) []byte {
	t.Helper()
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	reader := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := reader.NextPart()
		if err != nil {
			t.Fatalf("no attachment: %v", err)
		}
		if part.FileName() == "" {
			continue
		}
		if !strings.HasSuffix(part.FileName(), ".pdf") || !strings.HasPrefix(part.Header.Get("Content-Type"), "application/pdf") {
			t.Errorf("%v", part.Header)
		}
		content, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
}

// TestTemporaryFailuresAreTriedAgain until the relay takes the mail, under one Message-ID.
func TestTemporaryFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	api := factory(t)
	var mu sync.Mutex
	tries := map[string]int{}
	box := open(t, postbox.Options{Judge: func(stage postbox.Stage, letter postbox.Letter) error {
		mu.Lock()
		defer mu.Unlock()
		key := string(stage)
		if stage == postbox.Arrived {
			key = letter.MessageID()
		} else {
			key += letter.To
		}
		tries[key]++
		switch {
		case stage == postbox.Recipient && tries[key] <= 3:
			return postbox.Refuse(451, "greylisted, come again")
		case stage == postbox.Arrived && tries[key] == 1:
			return postbox.Refuse(452, "no room for now")
		}
		return nil
	}})
	work(t, api, relay(box))
	want := number(t, api, wanted)
	until(t, "all mails", func() bool { return len(box.Letters()) >= want && allSent(t, api)() })
	if ids, copies := distinct(box); ids != want || copies != 0 {
		t.Errorf("%d mails of %d, %d copies", ids, want, copies)
	}
	if n := number(t, api, `SELECT count(*) FROM notify.mail WHERE attempts < 2 OR unknown_outcomes > 0 OR reason IS NOT NULL`); n != 0 {
		t.Errorf("%d mails do not tell it so", n)
	}
	if n := number(t, api, `SELECT count(*) FROM audit.entry WHERE table_name = 'mail' AND new_row ->> 'reason' LIKE '%greylisted, come again%'`); n < 3 {
		t.Errorf("%d refusals are told", n)
	}
}

// TestPermanentFailuresEnd: the relay refuses for good, and the mail is given up with its
// reason until somebody has it tried again.
func TestPermanentFailuresEnd(t *testing.T) {
	t.Parallel()
	api := factory(t)
	var mu sync.Mutex
	isMended := false
	calls := 0
	box := open(t, postbox.Options{Judge: func(stage postbox.Stage, letter postbox.Letter) error {
		mu.Lock()
		defer mu.Unlock()
		if isMended || stage != postbox.Recipient || letter.To != "rechnung@hanseobst.example" {
			return nil
		}
		calls++
		return postbox.Refuse(550, "no such user here")
	}})
	work(t, api, relay(box))
	refused := number(t, api, `SELECT count(*) FROM billing.invoice AS i JOIN catalog.partner AS p ON p.id = i.customer_id WHERE p.invoice_email = 'rechnung@hanseobst.example'`)
	until(t, "the end", func() bool {
		return number(t, api, `SELECT count(*) FROM notify.mail WHERE state IN ('sent', 'dead')`) == number(t, api, wanted)
	})
	mu.Lock()
	if calls != refused || refused == 0 {
		t.Errorf("%d mails were refused and %d calls made", refused, calls)
	}
	isMended = true
	mu.Unlock()
	dead := api.Get(t, "/v1/mails?state=dead").Want(200)
	if dead.Len("items") != refused || !strings.Contains(dead.Text("items", 0, "reason"), "550") || !strings.Contains(dead.Text("items", 0, "reason"), "no such user here") {
		t.Fatalf("%s", dead.Body)
	}
	execute(t, api, `SELECT event.advance_log(100000)`)
	if n := number(t, api, `SELECT count(*) FROM event.log WHERE topic = 'mail.given_up'`); n != refused {
		t.Errorf("%d of %d are told", n, refused)
	}
	if n := number(t, api, `SELECT count(*) FROM event.list_findings() WHERE subject = 'mail' AND finding LIKE '%were given up%'`); n != 1 {
		t.Error("the doctor does not tell")
	}
	id := dead.Text("items", 0, "message_id")
	retried := api.Post(t, "/v1/mail-retries", m{"mail": dead.Text("items", 0, "number")}).Want(201)
	if retried.Text("state") != "queued" || retried.Value("reason") != nil || retried.Text("message_id") != id {
		t.Errorf("%s", retried.Body)
	}
	until(t, "the retry", func() bool {
		return number(t, api, `SELECT count(*) FROM notify.mail WHERE state = 'sent' AND message_id = $1`, id) == 1
	})
	api.Post(t, "/v1/mail-retries", m{"mail": dead.Text("items", 0, "number")}).Problem("mail-not-given-up", 409)
	api.Post(t, "/v1/mail-retries", m{"mail": "ML-999999"}).Problem("unknown-mail", 422)
	if _, copies := distinct(box); copies != 0 {
		t.Errorf("%d copies", copies)
	}
}

// TestConnectionLostAfterTheText: the relay has the mail and its answer is lost. Nobody can
// know, so the mail is held, and a person decides: it arrived, or it goes again, the same
// bytes under the same Message-ID.
func TestConnectionLostAfterTheText(t *testing.T) {
	t.Parallel()
	api := factory(t)
	var mu sync.Mutex
	tries := map[string]int{}
	box := open(t, postbox.Options{Judge: func(stage postbox.Stage, letter postbox.Letter) error {
		mu.Lock()
		defer mu.Unlock()
		if stage != postbox.Kept {
			return nil
		}
		if tries[letter.MessageID()]++; tries[letter.MessageID()] == 1 {
			return postbox.ErrHangUp
		}
		return nil
	}})
	work(t, api, relay(box))
	want := number(t, api, wanted)
	until(t, "mails that are held", func() bool { return number(t, api, `SELECT count(*) FROM notify.mail WHERE state = 'held'`) == want })
	until(t, "the end of their jobs", func() bool {
		return number(t, api, `SELECT count(*) FROM river.river_job WHERE kind = 'notify_send' AND finalized_at IS NULL`) == 0
	})
	if ids, copies := distinct(box); ids != want || copies != 0 {
		t.Fatalf("%d mails of %d, %d copies", ids, want, copies)
	}
	if n := number(t, api, `SELECT count(*) FROM event.list_findings() WHERE subject = 'mail' AND finding LIKE '%are held%'`); n != 1 {
		t.Error("the doctor does not tell")
	}
	held := api.Get(t, "/v1/mails?state=held").Want(200)
	if held.Len("items") != want || held.Value("items", 0, "unknown_outcomes") != 1.0 || held.Value("items", 0, "reason") == nil {
		t.Fatalf("%s", held.Body)
	}
	// The one has arrived, as the relay's log says; the other one is sent again.
	arrived, again := held.Text("items", 0, "number"), held.Text("items", 1, "number")
	confirmed := api.Post(t, "/v1/mail-confirmations", m{"mail": arrived}).Want(201)
	if confirmed.Text("state") != "sent" || confirmed.Value("reason") != nil || !strings.Contains(confirmed.Text("receipt"), "tester") {
		t.Errorf("%s", confirmed.Body)
	}
	api.Post(t, "/v1/mail-confirmations", m{"mail": arrived}).Problem("mail-not-held", 409)
	api.Post(t, "/v1/mail-retries", m{"mail": arrived}).Problem("mail-not-given-up", 409)
	api.Post(t, "/v1/mail-confirmations", m{"mail": "ML-999999"}).Problem("unknown-mail", 422)
	api.Post(t, "/v1/mail-retries", m{"mail": again}).Want(201)
	until(t, "the retry", func() bool {
		return number(t, api, `SELECT count(*) FROM notify.mail WHERE state = 'sent' AND number = $1 AND attempts = 2`, again) == 1
	})
	same := map[string][]byte{}
	for _, letter := range box.Letters() {
		if before := same[letter.MessageID()]; before != nil && !bytes.Equal(before, letter.Raw) {
			t.Errorf("%s is another mail the second time", letter.MessageID())
		}
		same[letter.MessageID()] = letter.Raw
	}
	if ids, copies := distinct(box); ids != want || copies != 1 {
		t.Errorf("%d mails of %d, %d copies", ids, want, copies)
	}
	execute(t, api, `SELECT event.advance_log(100000)`)
	if n := number(t, api, `SELECT count(*) FROM event.log WHERE topic = 'mail.held'`); n != want {
		t.Errorf("%d of %d are told", n, want)
	}
}

// TestWorkerLostInTheMiddle: a worker that did not come back before the end of the text has
// sent nothing, and the next attempt sends the mail. One that did not come back from the end
// of the text may have sent it: that mail is held, and nothing goes.
func TestWorkerLostInTheMiddle(t *testing.T) {
	t.Parallel()
	api := factory(t)
	box := open(t, postbox.Options{})
	stop := work(t, api, notify.Relay{}) // writes them, and has no relay
	want := number(t, api, wanted)
	until(t, "mails that wait", func() bool {
		return number(t, api, `SELECT count(*) FROM notify.mail WHERE state = 'queued' AND reason LIKE '%no mail relay%'`) == want
	})
	stop()
	execute(t, api, `SELECT notify.begin_hand_over(m.id, 'elbe.example') FROM notify.mail AS m`)
	execute(t, api, `SELECT notify.hand_over(m.id) FROM notify.mail AS m WHERE m.id = (SELECT min(o.id) FROM notify.mail AS o)`)
	execute(t, api, `UPDATE river.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'notify_send'`)
	work(t, api, relay(box))
	until(t, "the end", func() bool {
		return number(t, api, `SELECT count(*) FROM notify.mail WHERE state IN ('sent', 'held')`) == want
	})
	if n := number(t, api, `SELECT count(*) FROM notify.mail WHERE state = 'held' AND unknown_outcomes = 1 AND attempts = 1`); n != 1 {
		t.Errorf("%d mails are held", n)
	}
	for _, letter := range box.Letters() {
		if n := number(t, api, `SELECT count(*) FROM notify.mail WHERE message_id = $1 AND state = 'sent' AND unknown_outcomes = 0 AND attempts = 2`, letter.MessageID()); n != 1 {
			t.Errorf("%s went under another Message-ID", letter.MessageID())
		}
	}
	if got, copies := distinct(box); got != want-1 || copies != 0 {
		t.Errorf("%d mails of %d, %d copies", got, want-1, copies)
	}
}

// TestTextWithoutItsEndIsNoMail: whoever may not say that the text ends here, because the
// database is away or somebody else was faster, leaves nothing at the relay.
func TestTextWithoutItsEndIsNoMail(t *testing.T) {
	t.Parallel()
	api := factory(t)
	var fast sync.Once
	box := open(t, postbox.Options{Judge: func(stage postbox.Stage, letter postbox.Letter) error {
		if stage == postbox.Recipient && letter.To == "rechnung@hanseobst.example" {
			fast.Do(func() {
				execute(t, api, `UPDATE notify.mail SET state = 'handing_over' WHERE recipient = $1 AND message_id IS NOT NULL`, letter.To)
			})
		}
		return nil
	}})
	execute(t, api, `ALTER TABLE notify.mail ADD CONSTRAINT away CHECK (state <> 'handing_over' OR recipient = 'rechnung@hanseobst.example')`)
	work(t, api, relay(box))
	want := number(t, api, wanted)
	until(t, "attempts that fail", func() bool {
		return number(t, api, `SELECT count(*) FROM notify.mail WHERE attempts > 0`) == want &&
			number(t, api, `SELECT count(*) FROM river.river_job WHERE kind = 'notify_send' AND state = 'retryable'`) > 0
	})
	for _, letter := range box.Letters() {
		if letter.To != "rechnung@hanseobst.example" {
			t.Errorf("a mail to %s of which nothing is recorded", letter.To)
		}
	}
	execute(t, api, `ALTER TABLE notify.mail DROP CONSTRAINT away`)
	until(t, "the end", func() bool {
		execute(t, api, `UPDATE river.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'notify_send' AND state IN ('retryable', 'scheduled')`)
		return number(t, api, `SELECT count(*) FROM notify.mail WHERE state IN ('sent', 'held')`) == want
	})
	held := number(t, api, `SELECT count(*) FROM notify.mail WHERE state = 'held'`)
	if ids, copies := distinct(box); held == 0 || ids != want-held || copies != 0 {
		t.Errorf("%d mails of %d, %d copies, %d are held", ids, want, copies, held)
	}
}

// TestRelayMustProveItself: no mail and no password goes to a server that cannot show the
// certificate of its name, or that does not encrypt; and a password that is wrong kills no
// mail.
func TestRelayMustProveItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options postbox.Options
		change  func(*notify.Relay)
		reason  string
	}{
		"unknown certificate":         {postbox.Options{User: "u", Password: "p"}, func(r *notify.Relay) { r.RootCAs = nil }, "certificate"},
		"certificate of another name": {postbox.Options{User: "u", Password: "p"}, func(r *notify.Relay) { r.Host = "127.0.0.1" }, "certificate"},
		"implicit, unknown":           {postbox.Options{Implicit: true, User: "u", Password: "p"}, func(r *notify.Relay) { r.RootCAs, r.TLS = nil, notify.ImplicitTLS }, "certificate"},
		"no encryption":               {postbox.Options{Plain: true, User: "u", Password: "p"}, func(*notify.Relay) {}, "STARTTLS"},
		"wrong password":              {postbox.Options{User: "u", Password: "another"}, func(*notify.Relay) {}, "535"},
		"nobody there":                {postbox.Options{User: "u", Password: "p"}, func(r *notify.Relay) { r.Port = 1 }, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := factory(t)
			box := open(t, c.options)
			to := relay(box)
			to.User, to.Password = "u", "p"
			c.change(&to)
			stop := work(t, api, to)
			until(t, "a failure", func() bool { return number(t, api, `SELECT count(*) FROM notify.mail WHERE reason IS NOT NULL`) > 0 })
			stop()
			var reason string
			if err := api.DB.Pool.QueryRow(t.Context(), `SELECT min(reason) FROM notify.mail WHERE reason IS NOT NULL`).Scan(&reason); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(reason, c.reason) {
				t.Errorf("reason %q", reason)
			}
			if len(box.Letters()) != 0 || box.Logins() != 0 {
				t.Errorf("%d mails, %d logins", len(box.Letters()), box.Logins())
			}
			if n := number(t, api, `SELECT count(*) FROM notify.mail WHERE state <> 'queued' OR attempts > 0`); n != 0 {
				t.Errorf("%d mails are the worse for it", n)
			}
			// Days later it is given up, with that reason.
			to.GiveUpAfter = time.Second
			execute(t, api, `UPDATE notify.mail SET queued_at = queued_at - interval '10 seconds'`)
			execute(t, api, `UPDATE river.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'notify_send' AND finalized_at IS NULL`)
			work(t, api, to)
			until(t, "the end", func() bool {
				return number(t, api, `SELECT count(*) FROM notify.mail WHERE state = 'dead' AND strpos(reason, $1) > 0`, c.reason) == number(t, api, wanted)
			})
		})
	}
}

// TestSenderIsChecked before the worker starts.
func TestSenderIsChecked(t *testing.T) {
	t.Parallel()
	for from, isGood := range map[string]bool{
		"versand@nordwind.example": true, "Größe <versand@nordwind.example>": true,
		"": false, "nobody": false, "a@b@c": false, "a@münchen.example": false, "a@b.example\r\nBcc: x@y": false,
	} {
		if err := notify.CheckSender(from); (err == nil) != isGood {
			t.Errorf("%q: %v", from, err)
		}
	}
}

// TestAddressesOfPartners: an address is one address and nothing else.
func TestAddressesOfPartners(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	partner := func(address string) m {
		return m{"code": "P", "name": "P", "is_customer": true, "country": "DE", "currency": "EUR", "delivery_note_email": address}
	}
	for _, address := range []string{"a@b.example", "o'neil+goods@b-c.example", "x.y@localhost"} {
		if got := api.Post(t, "/v1/partners", partner(address)).Want(200).Text("delivery_note_email"); got != address {
			t.Errorf("%q became %q", address, got)
		}
	}
	for _, address := range []string{"", "a", "a@", "@b", "a b@c.example", "a@b.example, c@d.example", "a@b.example\nBcc: x@y", "<a@b.example>", "a@-b", "ü@b.example", ".a@b.example", fmt.Sprintf("a@%s.example", strings.Repeat("x", 260))} {
		if answer := api.Post(t, "/v1/partners", partner(address)); answer.Status != 422 {
			t.Errorf("%q: %d", address, answer.Status)
		}
		if _, err := api.DB.Pool.Exec(t.Context(), `UPDATE catalog.partner SET invoice_email = $1`, address); err == nil {
			t.Errorf("the table takes %q", address)
		}
	}
}
