package inventory_test

import (
	"testing"
)

// The batch works out fingerprint and document by itself, since a call of a function per command costs more than the rest of
// the command: they must be those that every other way gives.
func TestBatchAnswersAsTheOthersDo(t *testing.T) {
	t.Parallel()
	api := setup(t)
	open(t, api, "BOLT", "", "A", "1000")
	api.Post(t, "/v1/transfers", m{"item": "BOLT", "from": "A", "to": "B", "quantity": "2.000", "unit": "H87"}).Want(201)
	api.Post(t, "/v1/scrappings", m{"item": "BOLT", "from": "A", "quantity": "10", "reason": "DROPPED"}).Want(201)
	for what, sql := range map[string]string{
		"fingerprint": `SELECT count(*) FROM event.request AS r
			WHERE r.operation = 'transfer-stock' AND r.fingerprint = event.fingerprint('transfer-stock', '{"unit":"H87","item":"BOLT","from":"A","to":"B","quantity":"2.000"}')`,
		"documents": `SELECT count(*) - 1 FROM event.request AS r
			WHERE r.operation IN ('transfer-stock', 'scrap-stock') AND r.body = inventory.get_transfer(r.body ->> 'number')`,
	} {
		if got := one[int64](t, api.DB, sql); got != 1 {
			t.Errorf("%s: %d", what, got)
		}
	}
}
