package problem

// costing is the part of the table for codes MR6xx, costing and billing. Constraint names
// of its tables may stand here too.
var costing = []Entry{}
