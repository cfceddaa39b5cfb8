package problem

// access is the part of the table for codes MR72x: what the database itself refuses to whom. The API has looked before.
var access = []Entry{
	{
		Key: "MR720", Slug: "operation-not-allowed", Status: 403, Title: "Operation is not allowed to this caller", Unstored: true,
		Explanation: "The database was told for whom it works, and the scopes of that caller do not include the one that the operation takes. Nothing was done.",
	},
	{
		Key: "MR721", Slug: "operation-concerns-all-sites", Status: 403, Title: "Operation concerns all sites", Unstored: true,
		Explanation: "The operation changes what all sites share, and the caller may work for some of them only. Nothing was done.",
	},
	{
		Key: "MR722", Slug: "lot-of-other-sites", Status: 403, Title: "Lot lies at other sites as well", Unstored: true,
		Explanation: "The status of a lot holds wherever it lies, and there is stock of it at a site that the caller may not work for. Nothing was done.",
	},
	{
		Key: "MR723", Slug: "code-of-another-site", Status: 409, Title: "Code is taken by another site",
		Explanation: "Codes are the company's, and something has this one at a site that the caller may not work for. Nothing was done: choose another.",
	},
}
