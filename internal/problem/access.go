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
}
