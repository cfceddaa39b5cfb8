package httpapitest_test

import (
	"net/http"
	"testing"

	"github.com/millrace-erp/millrace/internal/httpapi/httpapitest"
)

func TestAPIStands(t *testing.T) {
	t.Parallel()
	api := httpapitest.New(t)
	if got := api.Get(t, "/readyz").Want(http.StatusOK).Text("status"); got != "ok" {
		t.Errorf("got %q", got)
	}
	api.Get(t, "/v1/nothing").Problem("not-found", http.StatusNotFound)
}
