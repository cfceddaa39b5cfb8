package problem

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Class is the SQLSTATE class of every refusal that Millrace's SQL raises.
const Class = "MR"

// Entry is one kind of problem.
type Entry struct {
	// Key is what the database reports: the name of a constraint, an SQLSTATE, or the
	// first two characters of one, which stand for its whole class. It is empty for
	// problems that arise before the database is asked.
	Key string
	// Slug ends the problem's type. Entries may share a slug; then they share its title.
	Slug string
	// Status is the HTTP status.
	Status int
	// Title is the same for every occurrence.
	Title string
	// Explanation says for docs/problems.md what the problem means and what to do.
	Explanation string
	// RetryAfter, in seconds, is above zero when the same request may simply be sent again.
	RetryAfter int
	// Unstored marks a refusal that says nothing final about the request itself, so that
	// it is not kept under the request's key.
	Unstored bool
}

// Type is the problem's type, a URI reference.
func (e Entry) Type() string { return "/problems/" + e.Slug }

// Problems that Go finds before the database is asked, or that stand for the database
// itself.
var (
	Malformed = Entry{
		Slug: "malformed-request", Status: 400, Title: "Malformed request",
		Explanation: "The request cannot be read: its body is not one valid JSON value in UTF-8, names a member twice, holds a NUL or characters that turn the direction of text round, is nested too deeply, or its address or headers are damaged. Nothing was done. Correct the client.",
	}
	KeyMissing = Entry{
		Slug: "idempotency-key-missing", Status: 400, Title: "Idempotency-Key is missing",
		Explanation: "Every write names itself with a UUID in the header `Idempotency-Key` (or `X-Idempotency-Key`), the same for every retry. Nothing was done. Send the header.",
	}
	KeyMalformed = Entry{
		Slug: "idempotency-key-malformed", Status: 400, Title: "Idempotency-Key is not a UUID",
		Explanation: "The header `Idempotency-Key` must hold one UUID, bare or in double quotes. When both spellings of the header are sent they must agree. Nothing was done.",
	}
	Unauthorized = Entry{
		Slug: "unauthorized", Status: 401, Title: "No valid credentials",
		Explanation: "The request carries no bearer token, or one that is not valid here. Nothing was done.",
	}
	InsufficientScope = Entry{
		Slug: "insufficient-scope", Status: 403, Title: "Token is not for this",
		Explanation: "The token is valid, but the operator or client that it was given to has no right to this operation; the header `WWW-Authenticate` names the scope that it takes. Nothing was done.",
	}
	CrossOrigin = Entry{
		Slug: "cross-origin-request", Status: 403, Title: "Request of another site's page",
		Explanation: "A browser says that a page of another site sent this write. Pages of other sites get nothing done here, whatever token they hold. Nothing was done.",
	}
	NotFound = Entry{
		Slug: "not-found", Status: 404, Title: "Not found",
		Explanation: "The path names nothing: either no such operation exists, or no such thing has that number.",
	}
	EventsExpired = Entry{
		Slug: "events-expired", Status: 410, Title: "Events are not kept any more",
		Explanation: "The feed does not hold the event that follows the given position: it is older than the retention, or the position is of another feed, such as that of a database before it was restored. Remember `details.position`, read the present state from `details.snapshot` (and whatever else is shown), then follow the feed from that position; what happened in between may then be seen twice, and is never missed.",
	}
	TooManyStreams = Entry{
		Slug: "too-many-streams", Status: 503, Title: "Too many clients follow the feed", RetryAfter: 5,
		Explanation: "This process serves as many streams and waiting readers as it is set to (`MILLRACE_MAX_STREAMS`). Try again after `Retry-After` seconds, at another process if there is one. Shut down clients that open streams and leave them.",
	}
	MethodNotAllowed = Entry{
		Slug: "method-not-allowed", Status: 405, Title: "Method not allowed",
		Explanation: "The path exists but not with this method; the header `Allow` lists those it has.",
	}
	NotAcceptable = Entry{
		Slug: "not-acceptable", Status: 406, Title: "Not acceptable",
		Explanation: "The answer cannot be given in any form that the header `Accept` asks for.",
	}
	TooSlow = Entry{
		Slug: "request-timeout", Status: 408, Title: "Request took too long to arrive",
		Explanation: "The body did not arrive in time. Nothing was done. Send it again under the same key.", RetryAfter: 1,
	}
	TooLarge = Entry{
		Slug: "payload-too-large", Status: 413, Title: "Request is too large",
		Explanation: "The body is larger than the operation takes. Nothing was done. Split the request.",
	}
	UnsupportedMediaType = Entry{
		Slug: "unsupported-media-type", Status: 415, Title: "Unsupported media type",
		Explanation: "A body must be sent as `Content-Type: application/json`, in UTF-8 and not compressed. Nothing was done.",
	}
	TooManyRequests = Entry{
		Slug: "too-many-requests", Status: 429, Title: "Too many requests", RetryAfter: 1, Unstored: true,
		Explanation: "The device, client or address sends more requests than this process takes from one (`MILLRACE_RATE_DEVICE`, `MILLRACE_RATE_CLIENT`, `MILLRACE_RATE_ADDRESS`), or has too many streams open. Nothing was done. Send the same request again under the same key after `Retry-After` seconds.",
	}
	Invalid = Entry{
		Slug: "validation-failed", Status: 422, Title: "Request is not valid",
		Explanation: "The request was read but does not fit the operation's schema; `errors` names each place. Nothing was done. Member names are case-sensitive and unknown members or query parameters are refused.",
	}
	Internal = Entry{
		Slug: "internal", Status: 500, Title: "Internal error",
		Explanation: "Something broke that should not have: a bug of Millrace's. The log has the cause under the `request_id`. Whether the request took effect is told by sending it again under the same key.",
	}
	TooManyLogins = Entry{
		Slug: "too-many-logins", Status: 503, Title: "Too many PINs are being checked", RetryAfter: 1,
		Explanation: "A PIN takes a moment of a processor to check or to set, and as many as this process takes at once are waiting. Nothing was done. Try again after `Retry-After` seconds.",
	}
	Unavailable = Entry{
		Slug: "unavailable", Status: 503, Title: "Temporarily unavailable",
		Explanation: "The database could not be reached, was too busy, or is being switched over. Send the same request again under the same key after `Retry-After` seconds: it takes effect once at most.", RetryAfter: 1,
	}
)

// Table is the one table: what the database reports, and the problem it is to the client.
// Codes of class MR are raised by our SQL; the rest are Postgres' own. Each block of codes
// has a file of its own.
var Table = slices.Concat(catalog, inventory, production, purchasing, sales, billing, costing, identity, platform, jobs, printing, exports, access, postgres)

// postgres are Postgres' own codes. A rule that is meant for operators raises a code of
// its own; these catch what only a constraint or a type caught. A reference in a body that
// does not exist is the client's mistake in that body, so a foreign key is a 422.
var postgres = []Entry{
	{
		Key: "23505", Slug: "already-exists", Status: 409, Title: "Already exists",
		Explanation: "Something with the same number or code exists already.",
	},
	{
		Key: "23P01", Slug: "already-exists", Status: 409, Title: "Already exists",
		Explanation: "Something exists already for an overlapping time or range.",
	},
	{
		Key: "23503", Slug: "reference-violated", Status: 422, Title: "Reference violated",
		Explanation: "The request refers to something that does not exist, or takes away something that others refer to.",
	},
	{
		Key: "23514", Slug: "value-refused", Status: 422, Title: "Value refused by a rule",
		Explanation: "A value in the request breaks a rule that the database holds.",
	},
	{
		Key: "23502", Slug: "value-missing", Status: 422, Title: "Value is missing",
		Explanation: "A value that must be there is missing or null.",
	},
	{
		Key: "22", Slug: "value-malformed", Status: 422, Title: "Value cannot be read",
		Explanation: "A value is out of range or not of the form that its kind demands, such as a number of 40 digits, a day that does not exist, or text with a NUL.",
	},
	{
		Key: "40001", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "Other requests changed the same rows at the same time, several times in a row.",
	},
	{
		Key: "40P01", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "The request and another one waited for each other, several times in a row.",
	},
	{
		Key: "55P03", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "A lock could not be had in time.",
	},
	{
		Key: "57", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "The statement took too long, or the database is starting, stopping or being switched over.",
	},
	{
		Key: "53", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 5,
		Explanation: "The database is out of connections, memory or disk.",
	},
	{
		Key: "08", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "The connection to the database broke.",
	},
}

// Kinds are the problems that have no key in the database.
var Kinds = []Entry{
	Malformed, KeyMissing, KeyMalformed, Unauthorized, InsufficientScope, CrossOrigin, NotFound, EventsExpired, TooManyStreams, MethodNotAllowed, NotAcceptable,
	TooSlow, TooLarge, UnsupportedMediaType, TooManyRequests, Invalid, Internal, Unavailable, TooManyLogins,
}

var byKey = func() map[string]Entry {
	m := make(map[string]Entry, len(Table))
	for _, e := range Table {
		m[e.Key] = e
	}
	return m
}()

// ForStatus is the general kind with the given HTTP status.
func ForStatus(status int) Entry {
	for _, e := range Kinds {
		// Two kinds of 400 are about keys; the general one stands first.
		if e.Status == status {
			return e
		}
	}
	if status >= 400 && status < 500 {
		return Malformed
	}
	return Internal
}

// ForKey is the entry with the given code or constraint name.
func ForKey(key string) (Entry, bool) {
	e, ok := byKey[key]
	return e, ok
}

// Refusals are those of the given blocks of codes, such as MR2, and beside each what every
// document of it shares, as JSON: for SQL that refuses some of a batch without an exception
// that could leave it.
func Refusals(blocks ...string) (codes, kinds []string) {
	type kind struct {
		Type      string `json:"type"`
		Title     string `json:"title"`
		Status    int    `json:"status"`
		Retryable bool   `json:"retryable"`
	}
	for _, e := range Table {
		isAsked := slices.ContainsFunc(blocks, func(block string) bool { return strings.HasPrefix(e.Key, block) })
		if !isAsked || e.Status >= http.StatusInternalServerError {
			continue
		}
		text, err := json.Marshal(kind{Type: e.Type(), Title: e.Title, Status: e.Status, Retryable: e.RetryAfter > 0})
		if err != nil {
			panic(err) // strings and numbers
		}
		codes, kinds = append(codes, e.Key), append(kinds, string(text))
	}
	return codes, kinds
}
