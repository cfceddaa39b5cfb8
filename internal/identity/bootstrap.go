package identity

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/millrace-erp/millrace/internal/identity/internal/db"
)

// Bootstrap makes a client with the given roles and sites, or gives the one of that code
// another secret in the place of all it had, and tells the secret. It asks for no token: it
// is for those who own the database.
func Bootstrap(ctx context.Context, database db.DBTX, code, role string, sites ...string) (secret string, err error) {
	secret = newSecret("mrs_")
	if err := db.New(database).BootstrapClient(ctx, code, []string{role}, sites, hashOf(secret)); err != nil {
		return "", err
	}
	return secret, nil
}

// ClientToken is an access token for the client, without its secret: it is for those who
// own the database and the encryption key.
func (i *Issuer) ClientToken(ctx context.Context, code string) (string, error) {
	document, err := i.queries.FindClient(ctx, code)
	if err != nil {
		return "", err
	}
	c := client{}
	if document == nil {
		return "", errors.New("there is no such client")
	}
	if err := json.Unmarshal(document, &c); err != nil {
		return "", err
	}
	if c.id, err = strconv.ParseInt(c.ID, 10, 64); err != nil {
		return "", err
	}
	answer, err := i.clientCredentials(ctx, &c, nil)
	if err != nil {
		return "", err
	}
	return answer.(tokenAnswer).AccessToken, nil
}
