package identity

import (
	"context"
	"crypto/rsa"
	"time"

	"github.com/millrace-erp/millrace/internal/identity/internal/db"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

// SigningKey is what signs now.
func (i *Issuer) SigningKey() (string, *rsa.PrivateKey) {
	k, _ := i.keys.Load().signing(time.Now())
	return k.kid, k.private
}

// AddKey adds a key that signs after a delay of the test's choice.
func AddKey(ctx context.Context, database db.DBTX, box *sealbox.Box, delay time.Duration) error {
	_, err := addKey(ctx, db.New(database), box, delay, 0)
	return err
}
