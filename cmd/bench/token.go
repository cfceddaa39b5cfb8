package main

import (
	"context"
	"fmt"

	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

// newTokens makes clients, and an access token for each.
func newTokens(ctx context.Context, address, encryptionKey, issuer string, number int) ([]string, error) {
	primary, err := pg.OpenPrimary(ctx, address)
	if err != nil {
		return nil, err
	}
	defer primary.Close()
	box, err := sealbox.Parse(encryptionKey)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the issuer; the api has its own
	own, err := identity.Open(ctx, primary, identity.Options{URL: issuer, Box: box})
	if err != nil {
		return nil, err
	}
	tokens := make([]string, number)
	for i := range tokens {
		code := fmt.Sprintf("operator-%03d", i+1)
		if _, err := identity.Bootstrap(ctx, primary, code, "administrator", "*"); err != nil {
			return nil, err
		}
		if tokens[i], err = own.ClientToken(ctx, code); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}
