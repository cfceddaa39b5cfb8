package problem

// platform is the part of the table for codes MR9xx. Constraint names
// of its tables may stand here too.
var platform = []Entry{
	{
		Key: "MR902", Slug: "idempotency-key-reused", Status: 422, Title: "Idempotency-Key belongs to another request", Unstored: true,
		Explanation: "A different request was sent under this key before. Nothing was done. Use a new key for a new request.",
	},
	{
		Key: "MR903", Slug: "request-in-progress", Status: 409, Title: "The same request is still running", Unstored: true, RetryAfter: 1,
		Explanation: "An earlier try of this request has not ended yet. Send it again under the same key after `Retry-After` seconds; its answer will be given then.",
	},
	{
		Key: "MR904", Slug: "append-only", Status: 500, Title: "Record is append-only",
		Explanation: "Something tried to change what may only be added to: a bug, or a change by hand. Nothing was done.",
	},
	{
		Key: "MR905", Slug: "occurred-in-the-future", Status: 422, Title: "Time lies in the future",
		Explanation: "The device's time of the event is more than five minutes ahead of the database's. The device's clock is wrong.",
	},
	{
		Key: "MR906", Slug: "occurred-too-long-ago", Status: 422, Title: "Time lies before the year 2000",
		Explanation: "The device's time of the event lies before the year 2000, as that of a clock which was reset does. The device's clock is wrong.",
	},
	{
		Key: "MR907", Slug: "unknown-consumer", Status: 500, Title: "Reader of the feed is not registered",
		Explanation: "Something reads the feed under a name that `event.consumer` does not hold: a bug, or a row taken out by hand. Nothing was done.",
	},
	{
		Key: "MR970", Slug: "unknown-mail", Status: 422, Title: "No such mail",
		Explanation: "There is no mail of that number.",
	},
	{
		Key: "MR971", Slug: "mail-not-given-up", Status: 409, Title: "Mail was not given up",
		Explanation: "The mail was sent, or it still waits and is tried again by itself. Nothing was done.",
	},
	{
		Key: "MR972", Slug: "mail-not-held", Status: 409, Title: "Mail is not held",
		Explanation: "Only of a mail that is held, because nobody knows whether the relay took it, somebody has to say that it arrived. Nothing was done.",
	},
	{
		Key: "MR975", Slug: "unknown-webhook-endpoint", Status: 422, Title: "No such webhook endpoint",
		Explanation: "There is no webhook endpoint of that code.",
	},
	{
		Key: "MR976", Slug: "webhook-endpoint-disabled", Status: 409, Title: "Webhook endpoint is disabled",
		Explanation: "Nothing is sent to the endpoint: it was disabled by hand, because it answered 410, or after days of failure. Save it with `is_enabled` to send again.",
	},
	{
		Key: "MR977", Slug: "position-not-kept", Status: 422, Title: "The feed does not hold that position",
		Explanation: "The position lies before the oldest event that is kept, or beyond the next one. `details` name both ends.",
	},
	{
		Key: "webhook_endpoint_url_check", Slug: "bad-webhook-address", Status: 422, Title: "No address for webhooks",
		Explanation: "The address of a webhook endpoint begins with https:// and holds neither a user nor a fragment.",
	},
}
