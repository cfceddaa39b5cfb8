package devcluster

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// onlyTLS lets nobody in without TLS, as pg_hba.conf of a plant does.
const onlyTLS = `# TYPE  DATABASE  USER  ADDRESS       METHOD
hostssl all       all   127.0.0.1/32  scram-sha-256
host    all       all   all           reject
`

// RequireTLS has the server speak TLS by the certificate and key (PEM), and let nobody in without it, as a plant's does.
// From then on [Cluster.URL] leads nowhere; [Cluster.SecureURL] does.
func (c *Cluster) RequireTLS(ctx context.Context, certificate, key []byte) error {
	account, err := serverAccount()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"server.crt": certificate, "server.key": key, "pg_hba.conf": []byte(onlyTLS)} {
		file := filepath.Join(c.dataDir(), name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if err := account.own(file); err != nil {
			return err
		}
	}
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, statement := range []string{"ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, statement); err != nil { //nolint:forbidigo // about the server, and about no table of ours
			return fmt.Errorf("switch TLS on: %w", err)
		}
	}
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		secure, err := pgx.Connect(ctx, c.SecureURL("postgres", superuser, c.password, "require", ""))
		if err == nil {
			return secure.Close(ctx)
		}
		if time.Now().After(deadline) {
			return errors.Join(errors.New("the server does not speak TLS"), err)
		}
	}
}

// SecureURL is the address of a database for a login: mode is that of libpq (verify-full, …), roots the file of whoever vouches for the server.
func (c *Cluster) SecureURL(database, login, password, mode, roots string) string {
	address, err := url.Parse(c.URL(database))
	if err != nil {
		return "" // it is ours
	}
	address.User = url.UserPassword(login, password)
	values := url.Values{"sslmode": {mode}}
	if roots != "" {
		values.Set("sslrootcert", roots)
	}
	address.RawQuery = values.Encode()
	return address.String()
}
