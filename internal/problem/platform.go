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
}
