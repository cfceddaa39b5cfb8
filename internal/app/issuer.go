package app

import (
	"log/slog"
	"net/http"

	"github.com/millrace-erp/millrace/internal/config"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity"
	"github.com/millrace-erp/millrace/internal/pg"
)

// ExternalIssuer takes the tokens of the issuer that the configuration names. Without a client of HTTP it has one of its own.
func ExternalIssuer(primary *pg.Primary, cfg config.Identity, client *http.Client, log *slog.Logger) (httpapi.Authenticator, error) {
	return identity.OpenExternal(primary, identity.ExternalOptions{
		URL: cfg.OIDCIssuer, Audience: cfg.Audience, Algorithm: cfg.OIDCAlgorithm, Type: cfg.OIDCTokenType,
		Subject: cfg.OIDCSubjectClaim, ScopePrefix: cfg.OIDCScopePrefix, Roles: cfg.OIDCRolesClaim, Sites: cfg.OIDCSitesClaim, HTTP: client, Log: log,
	})
}

// Beside takes the tokens of the issuer that the configuration names in a program that is none itself.
func Beside(primary *pg.Primary, cfg config.Identity, client *http.Client, log *slog.Logger) (httpapi.Authenticator, error) {
	if cfg.OIDCIssuer != "" {
		return ExternalIssuer(primary, cfg, client, log)
	}
	return identity.NewBeside(primary, identity.BesideOptions{URL: cfg.PublicURL, Audience: cfg.Audience, HTTP: client, Log: log})
}
