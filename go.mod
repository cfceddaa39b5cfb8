module github.com/millrace-erp/millrace

go 1.26
