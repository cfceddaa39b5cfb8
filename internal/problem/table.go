package problem

import "strings"

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
	Malformed = Entry{Slug: "malformed-request", Status: 400, Title: "Malformed request",
		Explanation: "The request cannot be read: its body is not one valid JSON value in UTF-8, names a member twice, holds a NUL, is nested too deeply, or its address or headers are damaged. Nothing was done. Correct the client."}
	KeyMissing = Entry{Slug: "idempotency-key-missing", Status: 400, Title: "Idempotency-Key is missing",
		Explanation: "Every write names itself with a UUID in the header `Idempotency-Key` (or `X-Idempotency-Key`), the same for every retry. Nothing was done. Send the header."}
	KeyMalformed = Entry{Slug: "idempotency-key-malformed", Status: 400, Title: "Idempotency-Key is not a UUID",
		Explanation: "The header `Idempotency-Key` must hold one UUID, bare or in double quotes. When both spellings of the header are sent they must agree. Nothing was done."}
	Unauthorized = Entry{Slug: "unauthorized", Status: 401, Title: "No valid credentials",
		Explanation: "The request carries no bearer token, or one that is not valid here. Nothing was done."}
	NotFound = Entry{Slug: "not-found", Status: 404, Title: "Not found",
		Explanation: "The path names nothing: either no such operation exists, or no such thing has that number."}
	MethodNotAllowed = Entry{Slug: "method-not-allowed", Status: 405, Title: "Method not allowed",
		Explanation: "The path exists but not with this method; the header `Allow` lists those it has."}
	NotAcceptable = Entry{Slug: "not-acceptable", Status: 406, Title: "Not acceptable",
		Explanation: "The answer cannot be given in any form that the header `Accept` asks for."}
	TooSlow = Entry{Slug: "request-timeout", Status: 408, Title: "Request took too long to arrive",
		Explanation: "The body did not arrive in time. Nothing was done. Send it again under the same key.", RetryAfter: 1}
	TooLarge = Entry{Slug: "payload-too-large", Status: 413, Title: "Request is too large",
		Explanation: "The body is larger than the operation takes. Nothing was done. Split the request."}
	UnsupportedMediaType = Entry{Slug: "unsupported-media-type", Status: 415, Title: "Unsupported media type",
		Explanation: "A body must be sent as `Content-Type: application/json`, in UTF-8 and not compressed. Nothing was done."}
	Invalid = Entry{Slug: "validation-failed", Status: 422, Title: "Request is not valid",
		Explanation: "The request was read but does not fit the operation's schema; `errors` names each place. Nothing was done. Member names are case-sensitive and unknown members or query parameters are refused."}
	Internal = Entry{Slug: "internal", Status: 500, Title: "Internal error",
		Explanation: "Something broke that should not have: a bug of Millrace's. The log has the cause under the `request_id`. Whether the request took effect is told by sending it again under the same key."}
	Unavailable = Entry{Slug: "unavailable", Status: 503, Title: "Temporarily unavailable",
		Explanation: "The database could not be reached, was too busy, or is being switched over. Send the same request again under the same key after `Retry-After` seconds: it takes effect once at most.", RetryAfter: 1}
)

// Table is the one table: what the database reports, and the problem it is to the client.
// Codes of class MR are raised by our SQL; the rest are Postgres' own.
var Table = []Entry{
	// Catalog.
	{Key: "MR101", Slug: "unknown-item", Status: 422, Title: "Unknown item",
		Explanation: "The request names an item number that does not exist."},
	{Key: "MR102", Slug: "unknown-location", Status: 422, Title: "Unknown location",
		Explanation: "The request names a location code that does not exist."},
	{Key: "MR103", Slug: "unknown-partner", Status: 422, Title: "Unknown partner",
		Explanation: "The request names a supplier, customer or carrier that does not exist."},
	{Key: "MR104", Slug: "unknown-unit", Status: 422, Title: "Unknown unit",
		Explanation: "The request names a unit of measure that does not exist."},
	{Key: "MR105", Slug: "unknown-work-center", Status: 422, Title: "Unknown work center",
		Explanation: "The request names a work center that does not exist."},
	{Key: "MR106", Slug: "unknown-reason", Status: 422, Title: "Unknown reason",
		Explanation: "The request names a reason code that does not exist."},
	{Key: "MR107", Slug: "unknown-site", Status: 422, Title: "Unknown site",
		Explanation: "The request names a site that does not exist."},
	{Key: "MR108", Slug: "site-incomplete", Status: 409, Title: "Site lacks a virtual location",
		Explanation: "The site has no location for one of the ends that a movement needs, such as its supplier or its scrap. The site's set-up has to be completed."},
	{Key: "MR110", Slug: "invalid-quantity", Status: 422, Title: "Invalid quantity",
		Explanation: "A quantity is not a positive decimal that a quantity column holds: at most 12 digits before the point and 6 behind it."},
	{Key: "MR111", Slug: "inexact-quantity", Status: 422, Title: "Quantity is not exact in the base unit",
		Explanation: "The quantity, converted into the item's base unit, has more decimals than that unit allows. Quantities are never rounded silently."},
	{Key: "MR112", Slug: "unit-not-of-item", Status: 422, Title: "Item is not measured in this unit",
		Explanation: "The item has no conversion from the unit that was named."},

	// Inventory.
	{Key: "MR201", Slug: "insufficient-stock", Status: 409, Title: "Insufficient stock",
		Explanation: "The posting would take a balance below zero or below what is reserved for others. `details` names the balance, what it has and what was asked."},
	{Key: "MR202", Slug: "lot-not-released", Status: 409, Title: "Lot is not released",
		Explanation: "The lot is in quarantine or blocked, and this kind of movement needs released stock."},
	{Key: "MR203", Slug: "movement-not-allowed", Status: 409, Title: "Movement is not allowed between these locations",
		Explanation: "This kind of movement may not go from the one location to the other: goods are received into quarantine or storage, not into production, and so on. `details` names the two."},
	{Key: "MR204", Slug: "unknown-lot", Status: 422, Title: "Unknown lot",
		Explanation: "The item has no lot with that number."},
	{Key: "MR205", Slug: "lot-required", Status: 422, Title: "Lot is required",
		Explanation: "The item is tracked by lot or serial number and the request names none."},
	{Key: "MR207", Slug: "invalid-movement", Status: 422, Title: "Movement is not valid",
		Explanation: "A movement needs a quantity above zero at the scale of its unit, and two locations of one site."},
	{Key: "MR208", Slug: "not-reversible", Status: 409, Title: "Movement cannot be reversed",
		Explanation: "A reversal cannot itself be reversed, and only a movement that stands can."},
	{Key: "MR209", Slug: "already-reversed", Status: 409, Title: "Already reversed",
		Explanation: "The movements were reversed before. Nothing was done."},
	{Key: "MR210", Slug: "lot-exists", Status: 409, Title: "Lot exists with other properties",
		Explanation: "The item has a lot of this number already, and its supplier, supplier lot or expiry is another one."},
	{Key: "MR211", Slug: "lot-made-of-itself", Status: 409, Title: "Lot cannot be made of itself",
		Explanation: "The result would be an ingredient of itself, directly or over other lots."},

	// Platform.
	{Key: "MR902", Slug: "idempotency-key-reused", Status: 422, Title: "Idempotency-Key belongs to another request", Unstored: true,
		Explanation: "A different request was sent under this key before. Nothing was done. Use a new key for a new request."},
	{Key: "MR903", Slug: "request-in-progress", Status: 409, Title: "The same request is still running", Unstored: true, RetryAfter: 1,
		Explanation: "An earlier try of this request has not ended yet. Send it again under the same key after `Retry-After` seconds; its answer will be given then."},
	{Key: "MR904", Slug: "append-only", Status: 500, Title: "Record is append-only",
		Explanation: "Something tried to change what may only be added to: a bug, or a change by hand. Nothing was done."},
	{Key: "MR905", Slug: "occurred-in-the-future", Status: 422, Title: "Time lies in the future",
		Explanation: "The device's time of the event is more than five minutes ahead of the database's. The device's clock is wrong."},

	// Postgres' own codes. A rule that is meant for operators raises a code of its own;
	// these catch what only a constraint or a type caught. A reference in a body that does
	// not exist is the client's mistake in that body, so a foreign key is a 422.
	{Key: "23505", Slug: "already-exists", Status: 409, Title: "Already exists",
		Explanation: "Something with the same number or code exists already."},
	{Key: "23P01", Slug: "already-exists", Status: 409, Title: "Already exists",
		Explanation: "Something exists already for an overlapping time or range."},
	{Key: "23503", Slug: "reference-violated", Status: 422, Title: "Reference violated",
		Explanation: "The request refers to something that does not exist, or takes away something that others refer to."},
	{Key: "23514", Slug: "value-refused", Status: 422, Title: "Value refused by a rule",
		Explanation: "A value in the request breaks a rule that the database holds."},
	{Key: "23502", Slug: "value-missing", Status: 422, Title: "Value is missing",
		Explanation: "A value that must be there is missing or null."},
	{Key: "22", Slug: "value-malformed", Status: 422, Title: "Value cannot be read",
		Explanation: "A value is out of range or not of the form that its kind demands, such as a number of 40 digits, a day that does not exist, or text with a NUL."},
	{Key: "40001", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "Other requests changed the same rows at the same time, several times in a row."},
	{Key: "40P01", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "The request and another one waited for each other, several times in a row."},
	{Key: "55P03", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "A lock could not be had in time."},
	{Key: "57", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "The statement took too long, or the database is starting, stopping or being switched over."},
	{Key: "53", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 5,
		Explanation: "The database is out of connections, memory or disk."},
	{Key: "08", Slug: "unavailable", Status: 503, Title: "Temporarily unavailable", RetryAfter: 1,
		Explanation: "The connection to the database broke."},
}

// Kinds are the problems that have no key in the database.
var Kinds = []Entry{
	Malformed, KeyMissing, KeyMalformed, Unauthorized, NotFound, MethodNotAllowed, NotAcceptable,
	TooSlow, TooLarge, UnsupportedMediaType, Invalid, Internal, Unavailable,
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

// isConstraint says whether a key is the name of a constraint.
func isConstraint(key string) bool { return strings.Contains(key, "_") }
