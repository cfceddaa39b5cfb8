package problem

// production is the part of the table for the schema of that name. Codes MR3xx. Constraint names
// of its tables may stand here too.
var production = []Entry{}
