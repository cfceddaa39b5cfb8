// Package acceptance holds the tests that go across rooms: the journey of goods through the whole factory,
// many operators at once, random sequences of commands, and bad input for every write. All of them speak
// HTTP, as clients do, and every database is held to all of sql/checks at its end.
package acceptance_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/millrace-erp/millrace/internal/demo"
	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

// factory is a client of a fresh database in which the demonstration factory stands.
func factory(t *testing.T) (*httpapitest.API, *demo.Client) {
	t.Helper()
	api := httpapitest.New(t)
	client := &demo.Client{URL: api.URL, Tokens: httpapitest.Tokens(), HTTP: httpClient(t)}
	if err := demo.Load(t.Context(), client, silent); err != nil {
		t.Fatal(err)
	}
	return api, client
}

func httpClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func silent(int, int, string) {}

// TestJourney takes goods from the order of raw material to the credit note, twice in one database.
func TestJourney(t *testing.T) {
	t.Parallel()
	_, client := factory(t)
	for range 2 {
		report, err := demo.Journey(t.Context(), client, silent)
		if err != nil {
			t.Fatal(err)
		}
		if report.Replays != report.Posts {
			t.Errorf("%d commands were sent twice and %d second answers were replayed", report.Posts, report.Replays)
		}
	}
}

// TestFortyOperatorsAtOnce: no deadlock, no 5xx, each key one effect; the checks at the end of the database
// hold every balance to the sum of its movements.
func TestFortyOperatorsAtOnce(t *testing.T) {
	t.Parallel()
	api, client := factory(t)
	crowd, err := demo.Rush(t.Context(), client, 40, 5*time.Second, silent)
	if err != nil {
		t.Fatal(err)
	}
	if err := crowd.Verdict(); err != nil {
		t.Error(err)
	}
	t.Logf("%d commands, %d accepted, %d refused, %d sent again, %.0f a second, p99 %.1f ms",
		crowd.Answered, crowd.Accepted, crowd.Refused, crowd.Retries, crowd.PerSecond, crowd.P99)

	var keys, accepted, wrong int
	err = api.DB.Pool.QueryRow(t.Context(), `
		SELECT count(*), count(*) FILTER (WHERE r.status < 300),
			count(*) FILTER (WHERE r.documents <> CASE WHEN r.status < 300 THEN 1 ELSE 0 END)
		FROM (
			SELECT q.key, q.status, count(DISTINCT (m.document_type, m.document_id)) FILTER (WHERE m.id IS NOT NULL) AS documents
			FROM event.request AS q
			LEFT JOIN inventory.movement AS m ON m.request_key = q.key
			WHERE q.device = $1
			GROUP BY q.key, q.status
		) AS r`, crowd.Device).Scan(&keys, &accepted, &wrong)
	if err != nil {
		t.Fatal(err)
	}
	if keys != crowd.Keys || accepted != crowd.Accepted || wrong != 0 {
		t.Errorf("the database knows %d keys, %d accepted, %d without exactly one effect; the operators used %d and had %d accepted",
			keys, accepted, wrong, crowd.Keys, crowd.Accepted)
	}
	var deadlocks int
	if err := api.DB.Pool.QueryRow(t.Context(), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&deadlocks); err != nil {
		t.Fatal(err)
	}
	if deadlocks != 0 {
		t.Errorf("%d deadlocks", deadlocks)
	}
}
