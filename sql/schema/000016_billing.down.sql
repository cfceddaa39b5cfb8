SET LOCAL lock_timeout = '5s';

DROP TABLE billing.invoice_tax;
DROP TABLE billing.invoice_line;
DROP TABLE billing.invoice;
DROP TABLE billing.number_series;
DROP TYPE billing.invoice_kind;
DROP TABLE billing.tax_union_member;
DROP TABLE billing.tax_rule;
DROP TYPE billing.destination;
DROP TABLE billing.tax_rate;
DROP TABLE billing.tax_code;
