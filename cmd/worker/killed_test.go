package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/browsertest"
	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
	"github.com/millrace-erp/millrace/internal/postbox"
	"github.com/millrace-erp/millrace/internal/testdb"
)

// beWorker makes this test binary the worker.
const beWorker = "MILLRACE_TEST_BE_WORKER"

// TestMain runs the tests, or the worker that they kill.
func TestMain(tests *testing.M) {
	if os.Getenv(beWorker) != "" {
		main()
		return
	}
	code := tests.Run()
	browsertest.Close()
	os.Exit(code)
}

// TestKilledWhileItMails: a worker is killed again and again while it renders documents and
// hands their mails over. In the end every document has come to its partner, once: mails of
// which nobody knew were held, and a person looked into the box.
func TestKilledWhileItMails(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: http.DefaultClient}
	silent := func(int, int, string) {}
	if err := demo.Load(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if _, err := demo.Journey(t.Context(), client, silent); err != nil {
			t.Fatal(err)
		}
	}
	box, err := postbox.Start(postbox.Options{User: "millrace", Password: "secret", Judge: func(stage postbox.Stage, _ postbox.Letter) error {
		// Time to be killed in; once the mail is kept there is less of it, but some.
		time.Sleep(map[postbox.Stage]time.Duration{postbox.Recipient: 30, postbox.Arrived: 30, postbox.Kept: 10}[stage] * time.Millisecond)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	folder := t.TempDir()
	for name, text := range map[string][]byte{"ca.pem": box.Certificate, "password": []byte("secret\n")} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	var worker *exec.Cmd
	start := func() {
		worker = exec.Command(os.Args[0])
		worker.Env = append(os.Environ(), beWorker+"=1", "MILLRACE_DATABASE_URL="+api.DB.URLAs(testdb.WorkerRole), "MILLRACE_ENCRYPTION_KEY="+httpapitest.EncryptionKey, "MILLRACE_LOG_LEVEL=error", "MILLRACE_MAX_WORKERS=4",
			"MILLRACE_MAIL_HOST="+postbox.Host, "MILLRACE_MAIL_PORT="+strconv.Itoa(box.Port), "MILLRACE_MAIL_CA_FILE="+filepath.Join(folder, "ca.pem"),
			"MILLRACE_MAIL_USER=millrace", "MILLRACE_MAIL_PASSWORD_FILE="+filepath.Join(folder, "password"), "MILLRACE_MAIL_FROM=Elbe Crate Works <versand@elbe.example>")
		worker.Stderr = os.Stderr
		if err := worker.Start(); err != nil {
			t.Fatal(err)
		}
	}
	kill := func() {
		_ = worker.Process.Kill()
		_ = worker.Wait() // killed
	}
	start()
	t.Cleanup(func() { kill() })
	until := func(what string, isSo func() bool) {
		t.Helper()
		for deadline := time.Now().Add(90 * time.Second); !isSo(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("waited in vain: " + what)
			}
		}
	}
	number := func(sql string) (n int) {
		t.Helper()
		if err := api.DB.Pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	want := number(`
		SELECT (SELECT count(*) FROM shipping.delivery_note AS d JOIN shipping.shipment AS h ON h.id = d.shipment_id
				JOIN catalog.partner AS p ON p.id = h.customer_id WHERE p.delivery_note_email IS NOT NULL)
			+ (SELECT count(*) FROM billing.invoice AS i JOIN catalog.partner AS p ON p.id = i.customer_id WHERE p.invoice_email IS NOT NULL)`)
	kills := 0
	for sent := 0; sent+4 < want; kills++ {
		until("progress", func() bool { return len(box.Letters()) >= min(sent+4, want) })
		time.Sleep(rand.N(100 * time.Millisecond))
		kill()
		sent = len(box.Letters())
		start()
	}
	held := 0
	until("all mails", func() bool {
		// What the relay was told to the end before the kill is in the box by now.
		time.Sleep(200 * time.Millisecond)
		arrived := map[string]bool{}
		for _, letter := range box.Letters() {
			arrived[letter.MessageID()] = true
		}
		mails := api.Get(t, "/v1/mails?state=held&limit=500").Want(200)
		for i := range mails.Len("items") {
			way := "/v1/mail-retries"
			if arrived[mails.Text("items", i, "message_id")] {
				way = "/v1/mail-confirmations"
			}
			api.Post(t, way, map[string]any{"mail": mails.Text("items", i, "number")}).Want(201)
			held++
		}
		return number(`SELECT count(*) FROM notify.mail WHERE state = 'sent'`) == want && number(`SELECT count(*) FROM notify.mail`) == want
	})
	copies := map[string]int{}
	for _, letter := range box.Letters() {
		copies[letter.MessageID()]++
		if !bytes.HasSuffix(bytes.TrimSpace(letter.Raw), []byte("--")) {
			t.Errorf("%s was cut short", letter.MessageID())
		}
	}
	if len(copies) != want || len(box.Letters()) != want || kills == 0 {
		t.Errorf("%d mails with %d Message-IDs for %d documents, after %d kills", len(box.Letters()), len(copies), want, kills)
	}
	if n := number(`SELECT sum(unknown_outcomes) FROM notify.mail`); n != held {
		t.Errorf("%d attempts ended unknown, and %d mails were held", n, held)
	}
	t.Logf("%d mails, %d kills, %d were held", want, kills, held)
}
