package event

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/millrace-erp/millrace/internal/event/internal/db"
	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/pg"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

const webhookTag = "Webhooks"

// RegisterWebhooks adds the operations on webhook endpoints to the API.
func RegisterWebhooks(api *httpapi.API, primary *pg.Primary, box *sealbox.Box) {
	q := db.New(primary)
	httpapi.Command[SaveWebhookEndpoint, SavedWebhookEndpoint](api, httpapi.CommandSpec{
		OperationID: "save-webhook-endpoint",
		Scope:       "webhook:write", Path: "/v1/webhook-endpoints", Tag: webhookTag, Status: 200,
		Summary: "Make a webhook endpoint, or replace it",
		Description: "Events are sent to it one by one, in the order of the feed, each at least once, signed after Standard Webhooks " +
			"(headers `webhook-id`, `webhook-timestamp`, `webhook-signature`). A new endpoint gets what happens from now on. " +
			"The answer that makes it is the only one that holds its secret; if it is lost, rotate the secret.",
		Refusals: []string{"webhook_endpoint_url_check"},
	}, withSecret(box, func(c SaveWebhookEndpoint) string { return c.Code }, q.SaveWebhookEndpoint))
	httpapi.Get[WebhookEndpoint](api, httpapi.ReadSpec{
		OperationID: "get-webhook-endpoint",
		Scope:       "webhook:read", Path: "/v1/webhook-endpoints/{number}", Tag: webhookTag,
		Summary: "Read a webhook endpoint, and how its delivery stands",
	}, q.GetWebhookEndpoint)
	httpapi.List[WebhookEndpoint](api, httpapi.ReadSpec{
		OperationID: "list-webhook-endpoints",
		Scope:       "webhook:read", Path: "/v1/webhook-endpoints", Tag: webhookTag,
		Summary: "List webhook endpoints",
	}, q.ListWebhookEndpoints)
	httpapi.Command[RotateWebhookSecret, SavedWebhookEndpoint](api, httpapi.CommandSpec{
		OperationID: "rotate-webhook-secret",
		Scope:       "webhook:write", Path: "/v1/webhook-secret-rotations", Tag: webhookTag,
		Summary:     "Give a webhook endpoint a new secret",
		Description: "Until the overlap ends, messages carry a signature by the new secret and one by the old one. The answer is the only one that holds the new secret.",
		Refusals:    []string{"MR975"},
	}, withSecret(box, func(c RotateWebhookSecret) string { return string(c.Endpoint) }, q.RotateWebhookSecret))
	httpapi.Command[PingWebhook, WebhookEndpoint](api, httpapi.CommandSpec{
		OperationID: "ping-webhook",
		Scope:       "webhook:write", Path: "/v1/webhook-pings", Tag: webhookTag,
		Summary:     "Send a webhook endpoint an event for trial",
		Description: "The event `webhook_endpoint.pinged` takes its place in the feed and goes to this endpoint alone, whatever topics it gets. See the attempts for how it went.",
		Refusals:    []string{"MR975", "MR976"},
	}, q.PingWebhook)
	httpapi.Command[RedeliverWebhook, WebhookEndpoint](api, httpapi.CommandSpec{
		OperationID: "redeliver-webhook",
		Scope:       "webhook:write", Path: "/v1/webhook-redeliveries", Tag: webhookTag,
		Summary: "Deliver again from a position of the feed",
		Description: "All events from there on are sent again, in order and under the webhook-ids that they had. " +
			"A later position leaves out what is between: a way past an event that the receiver cannot take.",
		Refusals: []string{"MR975", "MR977"},
	}, q.RedeliverWebhook)
	httpapi.Read[webhookAttemptInput, httpapi.Page[WebhookAttempt]](api, httpapi.ReadSpec{
		OperationID: "list-webhook-attempts",
		Scope:       "webhook:read", Path: "/v1/webhook-attempts", Tag: webhookTag,
		Summary: "List the attempts to deliver to an endpoint, latest first",
	}, func(ctx context.Context, in *webhookAttemptInput) (json.RawMessage, error) {
		return q.ListWebhookAttempts(ctx, in.Endpoint, in.After, in.Limit)
	})
}

// webhookSecretSize is the length of a secret; Standard Webhooks wants 24 to 64 bytes.
const webhookSecretSize = 32

// withSecret makes a secret for the command, in case it takes one, and gives it to the
// database sealed. The answer is told it where the database left a place for it; what is
// stored for a repeated request has none.
func withSecret[B any, R ~struct {
	Status     int32
	Body       json.RawMessage
	IsReplayed bool
}](box *sealbox.Box, endpoint func(B) string, call func(ctx context.Context, requestContext, command json.RawMessage) (R, error)) func(ctx context.Context, requestContext, command json.RawMessage) (R, error) {
	return func(ctx context.Context, requestContext, command json.RawMessage) (R, error) {
		var none R
		var body B
		request := map[string]json.RawMessage{}
		if err := errors.Join(json.Unmarshal(command, &body), json.Unmarshal(requestContext, &request)); err != nil {
			return none, err
		}
		secret := make([]byte, webhookSecretSize)
		_, _ = rand.Read(secret) // never fails
		sealed, err := json.Marshal(box.Seal(secret, webhookPurpose(endpoint(body))))
		if err != nil {
			return none, err
		}
		request["sealed_secret"] = sealed
		if requestContext, err = json.Marshal(request); err != nil {
			return none, err
		}
		row, err := call(ctx, requestContext, command)
		if err != nil {
			return none, err
		}
		answer := httpapi.Answer(row)
		told := map[string]json.RawMessage{}
		if err := json.Unmarshal(answer.Body, &told); err != nil {
			return none, err
		}
		if string(told["secret"]) == `""` {
			told["secret"] = json.RawMessage(`"whsec_` + base64.StdEncoding.EncodeToString(secret) + `"`)
			if answer.Body, err = json.Marshal(told); err != nil {
				return none, err
			}
		}
		return R(answer), nil
	}
}

type webhookAttemptInput struct {
	Endpoint string `query:"endpoint" required:"true" minLength:"1" maxLength:"64" doc:"Code of the endpoint."`
	After    string `query:"after" maxLength:"200" doc:"Where to go on: next of the page before."`
	Limit    int32  `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Length of the page."`
}

// SaveWebhookEndpoint makes or replaces an endpoint.
type SaveWebhookEndpoint struct {
	Code        string       `json:"code" pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$" doc:"Its code."`
	URL         string       `json:"url" maxLength:"2000" pattern:"^https?://[^\\s/?#@\\\\]+([/?][^\\s#]*)?$" doc:"Where events are posted to. Addresses that are not https:// or lie in private networks are called only if the worker is configured to."`
	Description httpapi.Text `json:"description,omitempty" doc:"What it is for."`
	Topics      []string     `json:"topics,omitempty" maxItems:"100" pattern:"^[a-z_]+\\.([a-z_]+|\\*)$" doc:"Topics that it gets: exact ones (invoice.issued), or all of a subject (invoice.*). None: all."`
	IsEnabled   *bool        `json:"is_enabled,omitempty" doc:"Whether events are sent; true unless said otherwise. Enabled again, it goes on where it stood, as far as the feed goes back."`
}

// WebhookEndpoint is an endpoint, and how its delivery stands.
type WebhookEndpoint struct {
	Code           httpapi.Code    `json:"code" doc:"Its code."`
	URL            string          `json:"url" doc:"Where events are posted to."`
	Description    httpapi.Text    `json:"description" doc:"What it is for."`
	Topics         []string        `json:"topics" doc:"Topics that it gets; none: all."`
	IsEnabled      bool            `json:"is_enabled" doc:"Whether events are sent."`
	DisabledAt     *time.Time      `json:"disabled_at" nullable:"true" doc:"Since when nothing is sent."`
	DisabledReason *string         `json:"disabled_reason" nullable:"true" doc:"Why nothing is sent."`
	Position       int64           `json:"position" doc:"Position in the feed of the last event it was given, or that was not for it."`
	Behind         int64           `json:"behind" doc:"How many events the feed is ahead of it, counting those that are not for it."`
	Failures       int32           `json:"failures" doc:"Failed attempts since the last one that went well."`
	FailingSince   *time.Time      `json:"failing_since" nullable:"true" doc:"First of these failures."`
	NextAttemptAt  *time.Time      `json:"next_attempt_at" nullable:"true" doc:"End of the pause after a failure."`
	DeliveredAt    *time.Time      `json:"delivered_at" nullable:"true" doc:"When an event was delivered last."`
	Secrets        []WebhookSecret `json:"secrets" doc:"The secrets that messages are signed with, newest first; what they are is told once, when they are made."`
}

// WebhookSecret tells of a secret without telling it.
type WebhookSecret struct {
	CreatedAt time.Time  `json:"created_at" doc:"When it was made."`
	ExpiresAt *time.Time `json:"expires_at" nullable:"true" doc:"Until when messages are signed with it as well; null: it is the current one."`
}

// SavedWebhookEndpoint is the answer that may hold a secret.
type SavedWebhookEndpoint struct {
	WebhookEndpoint
	Secret *string `json:"secret" nullable:"true" doc:"The new secret (whsec_…), told this once; null when none was made, and in the answer to a repeated request."`
}

// RotateWebhookSecret asks for a new secret.
type RotateWebhookSecret struct {
	Endpoint     httpapi.Code `json:"endpoint" doc:"Code of the endpoint."`
	OverlapHours *int32       `json:"overlap_hours,omitempty" minimum:"0" maximum:"168" doc:"For how many hours messages are signed with the old secret as well; 24 unless said otherwise."`
}

// PingWebhook asks for an event for trial.
type PingWebhook struct {
	Endpoint httpapi.Code `json:"endpoint" doc:"Code of the endpoint."`
}

// RedeliverWebhook moves an endpoint in the feed.
type RedeliverWebhook struct {
	Endpoint httpapi.Code `json:"endpoint" doc:"Code of the endpoint."`
	Position int64        `json:"position" minimum:"1" maximum:"9007199254740991" doc:"Position of the first event to send."`
}

// WebhookAttempt is an attempt to deliver an event.
type WebhookAttempt struct {
	Endpoint             httpapi.Code `json:"endpoint" doc:"Code of the endpoint."`
	WebhookID            string       `json:"webhook_id" doc:"Header webhook-id, the same at every attempt to deliver the event."`
	Position             int64        `json:"position" doc:"Position of the event in the feed."`
	Topic                string       `json:"topic" doc:"What happened."`
	IsDelivered          bool         `json:"is_delivered" doc:"Whether the endpoint answered 2xx in time."`
	Status               *int32       `json:"status" nullable:"true" doc:"HTTP status of its answer; null when there was none."`
	Reason               *string      `json:"reason" nullable:"true" doc:"Why the attempt failed."`
	DurationMilliseconds int32        `json:"duration_milliseconds" doc:"How long it took."`
	AttemptedAt          time.Time    `json:"attempted_at" doc:"When it ended."`
}
