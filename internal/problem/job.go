package problem

// jobs is the part of the table for codes MR92x.
var jobs = []Entry{
	{
		Key: "MR921", Slug: "unknown-job", Status: 422, Title: "Unknown job",
		Explanation: "There is no job of this number, or none any more: jobs that have ended are kept for a time only.",
	},
	{
		Key: "MR922", Slug: "job-not-retryable", Status: 409, Title: "Job cannot be tried again",
		Explanation: "Only a job that was given up, was cancelled, or waits for its next attempt can be tried again at once. This one runs, waits for a worker already, or is done.",
	},
	{
		Key: "MR923", Slug: "job-has-ended", Status: 409, Title: "Job has ended",
		Explanation: "The job was done, cancelled or given up already, so there is nothing to cancel.",
	},
}
