package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

type identityCommand struct {
	Client    identityClientCommand    `cmd:"" help:"Make a client that administers identity, or give it a new secret; the secret is printed, once."`
	RotateKey identityRotateKeyCommand `cmd:"" help:"Add a key that access tokens are signed with."`
}

type identityClientCommand struct {
	Code string   `arg:"" help:"Its client_id, such as admin."`
	Role string   `default:"administrator" help:"Its role."`
	Site []string `default:"*" help:"Sites that it acts for."`
}

// Run makes the client. All secrets that it had are good no more.
func (c identityClientCommand) Run(ctx context.Context, dba *program) error {
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		secret, err := identity.Bootstrap(ctx, primary, c.Code, c.Role, c.Site...)
		if err != nil {
			return err
		}
		fmt.Println("client_id     ", c.Code)
		fmt.Println("client_secret ", secret)
		return nil
	})
}

type identityRotateKeyCommand struct {
	EncryptionKey     string `env:"MILLRACE_ENCRYPTION_KEY" help:"Key that the servers have." hidden:""`
	EncryptionKeyFile string `env:"MILLRACE_ENCRYPTION_KEY_FILE" help:"File that holds it." type:"existingfile"`
	DropOthers        bool   `help:"Sign with it at once and take all others away, as after a leak: every token ends."`
}

// Run adds a key. It signs from a quarter of an hour later on, when everybody has heard of it.
func (c identityRotateKeyCommand) Run(ctx context.Context, dba *program) error {
	text := c.EncryptionKey
	if c.EncryptionKeyFile != "" {
		content, err := os.ReadFile(c.EncryptionKeyFile)
		if err != nil {
			return err
		}
		text = string(content)
	}
	if text == "" {
		return errors.New("MILLRACE_ENCRYPTION_KEY or MILLRACE_ENCRYPTION_KEY_FILE: the key that the servers have")
	}
	box, err := sealbox.Parse(strings.Split(strings.TrimSpace(text), ",")...)
	if err != nil {
		return err
	}
	return withPrimary(ctx, dba, func(primary *pg.Primary) error {
		kid, err := identity.RotateKey(ctx, primary, box, c.DropOthers)
		if err != nil {
			return err
		}
		fmt.Println("kid ", kid)
		return nil
	})
}
