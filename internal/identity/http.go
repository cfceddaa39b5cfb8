package identity

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/identity/internal/db"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/problem"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

const tag = "Identity"

// saves is what all writes of master data have in common.
const saves = "What is sent becomes the record, whole: a new one, or in place of the one of that name. What is left out takes its default. "

// Register adds the operations of identity. issuer is nil where tokens come from another
// one, and box where the operations are only described.
func Register(api *httpapi.API, primary *pg.Primary, issuer *Issuer, box *sealbox.Box) {
	q := db.New(primary)
	var secrets *vault
	switch {
	case issuer != nil:
		secrets = issuer.vault
	case box != nil:
		secrets = newVault(box)
	}

	httpapi.Command[SaveRole, Role](api, httpapi.CommandSpec{
		OperationID: "save-role", Scope: "identity:admin", Path: "/v1/roles", Tag: tag, Status: 200,
		Summary:     "Make a role, or replace it",
		Description: saves + "Whoever has the role gets its new scopes with the next token, within ten minutes.",
	}, q.SaveRole)
	httpapi.Get[Role](api, httpapi.ReadSpec{OperationID: "get-role", Scope: "identity:read", Path: "/v1/roles/{number}", Tag: tag, Summary: "Read a role"}, q.GetRole)
	httpapi.List[Role](api, httpapi.ReadSpec{OperationID: "list-roles", Scope: "identity:read", Path: "/v1/roles", Tag: tag, Summary: "List roles"}, q.ListRoles)

	httpapi.Command[SaveOperator, Operator](api, httpapi.CommandSpec{
		OperationID: "save-operator", Scope: "identity:admin", Path: "/v1/operators", Tag: tag, Status: 200,
		Summary:     "Make an operator, or replace what is known of one",
		Description: saves + "A change of roles, sites or is_enabled ends the operator's sessions.",
		Refusals:    []string{"MR702", "MR107"},
	}, q.SaveOperator)
	httpapi.Get[Operator](api, httpapi.ReadSpec{OperationID: "get-operator", Scope: "identity:read", Path: "/v1/operators/{number}", Tag: tag, Summary: "Read an operator"}, q.GetOperator)
	httpapi.List[Operator](api, httpapi.ReadSpec{OperationID: "list-operators", Scope: "identity:read", Path: "/v1/operators", Tag: tag, Summary: "List operators"}, q.ListOperators)

	httpapi.Command[SaveBadge, Badge](api, httpapi.CommandSpec{
		OperationID: "save-badge", Scope: "identity:admin", Path: "/v1/badges", Tag: tag, Status: 200,
		Summary:     "Give an operator a badge, or take it away",
		Description: "A badge that is disabled or given to somebody else ends the sessions that were opened with it.",
		Refusals:    []string{"MR701"},
	}, q.SaveBadge)
	httpapi.Get[Badge](api, httpapi.ReadSpec{OperationID: "get-badge", Scope: "identity:read", Path: "/v1/badges/{number}", Tag: tag, Summary: "Read a badge"}, q.GetBadge)
	httpapi.List[Badge](api, httpapi.ReadSpec{OperationID: "list-badges", Scope: "identity:read", Path: "/v1/badges", Tag: tag, Summary: "List badges"}, q.ListBadges)

	httpapi.Command[SetPIN, Operator](api, httpapi.CommandSpec{
		OperationID: "set-pin", Scope: "identity:admin", Path: "/v1/operator-pins", Tag: tag, Status: 200,
		Summary:     "Give an operator a PIN",
		Description: "Ends the sessions that were opened with the one before, and unlocks the operator's badges. A PIN whose digits are all the same or follow each other is refused.",
		Refusals:    []string{"MR701"},
		Prepare:     secrets.preparePIN,
	}, q.SetPIN)

	httpapi.Command[SaveDevice, Device](api, httpapi.CommandSpec{
		OperationID: "save-device", Scope: "identity:admin", Path: "/v1/devices", Tag: tag, Status: 200,
		Summary:     "Make a device, or replace what is known of one",
		Description: saves + "Its roles and sites bound what anybody may do on it. A change of roles, sites or is_enabled ends the sessions on it.",
		Refusals:    []string{"MR702", "MR107", "MR706"},
	}, q.SaveDevice)
	httpapi.Get[Device](api, httpapi.ReadSpec{OperationID: "get-device", Scope: "identity:read", Path: "/v1/devices/{number}", Tag: tag, Summary: "Read a device"}, q.GetDevice)
	httpapi.List[Device](api, httpapi.ReadSpec{OperationID: "list-devices", Scope: "identity:read", Path: "/v1/devices", Tag: tag, Summary: "List devices"}, q.ListDevices)

	httpapi.CommandOf[MakePairingCode, PairingCode](api, httpapi.CommandSpec{
		OperationID: "make-pairing-code", Scope: "identity:admin", Path: "/v1/pairing-codes", Tag: tag,
		Summary:     "Make a code that pairs a device",
		Description: "The code is good once and for ten minutes; one that was made before is good no more. The device sends it to `/oauth2/token` and gets its secret. A repeated request is answered without the code.",
		Refusals:    []string{"MR703"},
		Prepare: func(_ context.Context, key string, body json.RawMessage) (json.RawMessage, error) {
			return with(body, "code_hash", hex.EncodeToString(secrets.codeHash(secrets.pairingCode(key))))
		},
	}, func(ctx context.Context, request httpapi.Request, command json.RawMessage) (httpapi.Answer, error) {
		row, err := q.MakePairingCode(ctx, request.Context(), command)
		return told(httpapi.Answer(row), err, "code", func() string { return secrets.pairingCode(request.Key) })
	})

	httpapi.Command[SaveClient, Client](api, httpapi.CommandSpec{
		OperationID: "save-client", Scope: "identity:admin", Path: "/v1/clients", Tag: tag, Status: 200,
		Summary:     "Make a client, or replace what is known of one",
		Description: saves + "A client is a program that acts for itself; its secret is made by a request of its own. A change of roles, sites or is_enabled ends its sessions.",
		Refusals:    []string{"MR702", "MR107", "MR706"},
	}, q.SaveClient)
	httpapi.Get[Client](api, httpapi.ReadSpec{OperationID: "get-client", Scope: "identity:read", Path: "/v1/clients/{number}", Tag: tag, Summary: "Read a client"}, q.GetClient)
	httpapi.List[Client](api, httpapi.ReadSpec{OperationID: "list-clients", Scope: "identity:read", Path: "/v1/clients", Tag: tag, Summary: "List clients"}, q.ListClients)

	httpapi.CommandOf[MakeClientSecret, ClientSecret](api, httpapi.CommandSpec{
		OperationID: "make-client-secret", Scope: "identity:admin", Path: "/v1/client-secrets", Tag: tag,
		Summary:     "Give a client a secret",
		Description: "The answer tells the secret, now and never again: a repeated request is answered without it. The one before stays good for a while, so that it can be replaced without a pause.",
		Refusals:    []string{"MR704"},
		Prepare: func(_ context.Context, key string, body json.RawMessage) (json.RawMessage, error) {
			return with(body, "secret_hash", hex.EncodeToString(hashOf(secrets.clientSecret(key))))
		},
	}, func(ctx context.Context, request httpapi.Request, command json.RawMessage) (httpapi.Answer, error) {
		row, err := q.MakeClientSecret(ctx, request.Context(), command)
		return told(httpapi.Answer(row), err, "secret", func() string { return secrets.clientSecret(request.Key) })
	})

	httpapi.Command[RevokeSessions, Revoked](api, httpapi.CommandSpec{
		OperationID: "revoke-sessions", Scope: "identity:admin", Path: "/v1/session-revocations", Tag: tag,
		Summary:     "End all sessions of an operator, a device, a client or a badge",
		Description: "Name one of them. Their tokens are refused everywhere within seconds; who may, logs in again.",
		Refusals:    []string{"MR701", "MR703", "MR704", "MR705"},
		Prepare: func(_ context.Context, _ string, body json.RawMessage) (json.RawMessage, error) {
			return body, oneOf(body, "operator", "device", "client", "badge")
		},
	}, q.Revoke)
	httpapi.List[Session](api, httpapi.ReadSpec{OperationID: "list-sessions", Scope: "identity:read", Path: "/v1/sessions", Tag: tag, Summary: "List the sessions that have not ended"}, q.ListSessions)

	httpapi.Command[Unlock, Unlocked](api, httpapi.CommandSpec{
		OperationID: "release-lock", Scope: "identity:admin", Path: "/v1/unlocks", Tag: tag,
		Summary:     "Unlock a badge or a device",
		Description: "Name one of them. After too many wrong PINs it would unlock by itself, but later.",
		Refusals:    []string{"MR703", "MR705"},
		Prepare: func(_ context.Context, _ string, body json.RawMessage) (json.RawMessage, error) {
			return body, oneOf(body, "badge", "device")
		},
	}, q.Unlock)
}

// preparePIN puts the hash in the place of the PIN: whatever is done with the request
// after this, the PIN has no part in it.
func (v *vault) preparePIN(ctx context.Context, key string, body json.RawMessage) (json.RawMessage, error) {
	var command SetPIN
	if err := jsonv2.Unmarshal(body, &command); err != nil {
		return nil, problem.New(problem.Malformed, "")
	}
	if isWeak(command.PIN) {
		return nil, problem.New(problem.Invalid, "This PIN is among the first that anybody would try.").With("body.pin", "too easy to guess")
	}
	done, err := v.pins.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return json.Marshal(map[string]string{"operator": string(command.Operator), "pin_hash": v.pins.hash(key, command.PIN)})
}

// with is the object with one more member.
func with(body json.RawMessage, name, value string) (json.RawMessage, error) {
	var members map[string]jsontext.Value
	if err := jsonv2.Unmarshal(body, &members); err != nil {
		return nil, problem.New(problem.Malformed, "")
	}
	text, err := jsontext.AppendQuote(nil, value)
	if err != nil {
		return nil, err
	}
	members[name] = text
	return jsonv2.Marshal(members, jsonv2.Deterministic(true))
}

// oneOf refuses a body that has not exactly one of the members.
func oneOf(body json.RawMessage, names ...string) error {
	var members map[string]jsontext.Value
	if err := jsonv2.Unmarshal(body, &members); err != nil {
		return problem.New(problem.Malformed, "")
	}
	n := 0
	for _, name := range names {
		if _, isThere := members[name]; isThere {
			n++
		}
	}
	if n != 1 {
		return problem.New(problem.Invalid, "Name one, and one only.")
	}
	return nil
}

// told puts a secret into the answer that goes out, which is not the one that was stored.
func told(answer httpapi.Answer, err error, name string, secret func() string) (httpapi.Answer, error) {
	if err != nil || answer.IsReplayed {
		return answer, err
	}
	answer.Body, err = with(answer.Body, name, secret())
	return answer, err
}

// SaveRole is the body.
type SaveRole struct {
	Code   string   `json:"code" pattern:"^[a-z][a-z0-9-]{0,31}$" doc:"Code of the role." example:"operator"`
	Name   string   `json:"name" minLength:"1" maxLength:"200" doc:"Name for people."`
	Scopes []string `json:"scopes" maxItems:"100" doc:"Scopes of operations." example:"[\"inventory:write\"]"`
}

// Role is a named bundle of scopes.
type Role struct {
	Code   string   `json:"code"`
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
}

// SaveOperator is the body.
type SaveOperator struct {
	Number    httpapi.Code   `json:"number" doc:"The operator's number: the actor in ledger and audit."`
	Name      string         `json:"name" minLength:"1" maxLength:"200" doc:"Name for people."`
	Roles     []httpapi.Code `json:"roles,omitempty" maxItems:"20" doc:"Codes of roles."`
	Sites     []httpapi.Code `json:"sites,omitempty" maxItems:"200" doc:"Codes of the sites that the operator acts for; * stands for all of them."`
	IsEnabled *bool          `json:"is_enabled,omitempty" default:"true" doc:"Whether the operator may log in."`
}

// Operator is who acts.
type Operator struct {
	Number    string   `json:"number"`
	Name      string   `json:"name"`
	Roles     []string `json:"roles"`
	Sites     []string `json:"sites"`
	IsEnabled bool     `json:"is_enabled"`
	HasPIN    bool     `json:"has_pin" doc:"Whether the operator was given a PIN."`
	Badges    []string `json:"badges" doc:"Badges that are enabled."`
}

// SaveBadge is the body.
type SaveBadge struct {
	Badge     string       `json:"badge" minLength:"4" maxLength:"64" doc:"What the badge reads as when it is scanned."`
	Operator  httpapi.Code `json:"operator" doc:"Number of the operator."`
	IsEnabled *bool        `json:"is_enabled,omitempty" default:"true" doc:"Whether the badge may be used. A lost one is not."`
}

// Badge is what an operator is scanned by.
type Badge struct {
	Badge       string     `json:"badge"`
	Operator    string     `json:"operator"`
	IsEnabled   bool       `json:"is_enabled"`
	LockedUntil *time.Time `json:"locked_until" nullable:"true" doc:"Until when it is locked after wrong PINs; null when it is not."`
}

// SetPIN is the body.
type SetPIN struct {
	Operator httpapi.Code `json:"operator" doc:"Number of the operator."`
	PIN      string       `json:"pin" pattern:"^[0-9]{4,12}$" doc:"4 to 12 digits. Only a hash of them is kept." format:"password"`
}

// SaveDevice is the body.
type SaveDevice struct {
	Code      string         `json:"code" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" doc:"Code of the device: its client_id." example:"TAB-01"`
	Name      string         `json:"name" minLength:"1" maxLength:"200" doc:"Name for people, such as where it stands."`
	Roles     []httpapi.Code `json:"roles,omitempty" maxItems:"20" doc:"Codes of roles: the most that anybody may do on it."`
	Sites     []httpapi.Code `json:"sites,omitempty" maxItems:"200" doc:"Codes of the sites that anybody may act for on it; * stands for all of them."`
	IsEnabled *bool          `json:"is_enabled,omitempty" default:"true" doc:"Whether it is let in. A lost one is not."`
}

// Device is a terminal on which operators act.
type Device struct {
	Code        string     `json:"code"`
	Name        string     `json:"name"`
	Roles       []string   `json:"roles"`
	Sites       []string   `json:"sites"`
	IsEnabled   bool       `json:"is_enabled"`
	IsPaired    bool       `json:"is_paired" doc:"Whether it has a secret."`
	LockedUntil *time.Time `json:"locked_until" nullable:"true" doc:"Until when nobody can log in on it after wrong PINs; null when it is not locked."`
}

// MakePairingCode is the body.
type MakePairingCode struct {
	Device httpapi.Code `json:"device" doc:"Code of the device."`
}

// PairingCode pairs a device, once.
type PairingCode struct {
	Device    string    `json:"device"`
	Code      *string   `json:"code" nullable:"true" doc:"What is typed on the device: 8 characters. Null in the answer to a repeated request."`
	ExpiresAt time.Time `json:"expires_at"`
}

// SaveClient is the body.
type SaveClient struct {
	Code      string         `json:"code" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" doc:"Code of the client: its client_id." example:"erp-bridge"`
	Name      string         `json:"name" minLength:"1" maxLength:"200" doc:"Name for people."`
	Roles     []httpapi.Code `json:"roles,omitempty" maxItems:"20" doc:"Codes of roles."`
	Sites     []httpapi.Code `json:"sites,omitempty" maxItems:"200" doc:"Codes of the sites that it acts for; * stands for all of them."`
	IsEnabled *bool          `json:"is_enabled,omitempty" default:"true" doc:"Whether it is let in."`
}

// Client is a program that acts for itself.
type Client struct {
	Code      string   `json:"code"`
	Name      string   `json:"name"`
	Roles     []string `json:"roles"`
	Sites     []string `json:"sites"`
	IsEnabled bool     `json:"is_enabled"`
}

// MakeClientSecret is the body.
type MakeClientSecret struct {
	Client       httpapi.Code `json:"client" doc:"Code of the client."`
	OverlapHours *int32       `json:"overlap_hours,omitempty" minimum:"0" maximum:"720" default:"24" doc:"For how many hours the secret before stays good. With 0 the client's sessions end as well."`
}

// ClientSecret is a client with its new secret.
type ClientSecret struct {
	Client

	Secret *string `json:"secret" nullable:"true" doc:"The secret. Null in the answer to a repeated request."`
}

// RevokeSessions is the body: one of its members.
type RevokeSessions struct {
	Operator httpapi.Code `json:"operator,omitempty" doc:"Number of the operator."`
	Device   httpapi.Code `json:"device,omitempty" doc:"Code of the device."`
	Client   httpapi.Code `json:"client,omitempty" doc:"Code of the client."`
	Badge    string       `json:"badge,omitempty" minLength:"1" maxLength:"64" doc:"The badge."`
}

// Revoked says what a revocation did.
type Revoked struct {
	Sessions int32 `json:"sessions" doc:"How many sessions were ended."`
}

// Session is a log-in of an operator, or a token of a client.
type Session struct {
	Session   string    `json:"session"`
	Operator  *string   `json:"operator" nullable:"true" doc:"Number of the operator; null for a client that acts for itself."`
	Client    string    `json:"client" doc:"Code of the device or client."`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Unlock is the body: one of its members.
type Unlock struct {
	Badge  string       `json:"badge,omitempty" minLength:"1" maxLength:"64" doc:"The badge."`
	Device httpapi.Code `json:"device,omitempty" doc:"Code of the device."`
}

// Unlocked says what an unlocking did.
type Unlocked struct {
	WasLocked bool `json:"was_locked" doc:"Whether there were wrong tries to forget."`
}
