package problem

// purchasing is the part of the table for the schema of that name. Codes MR4xx. Constraint names
// of its tables may stand here too.
var purchasing = []Entry{}
