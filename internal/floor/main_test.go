package floor_test

import (
	"os"
	"testing"

	"github.com/millrace-erp/millrace/internal/browsertest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	browsertest.Close()
	os.Exit(code)
}
