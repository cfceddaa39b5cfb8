SET LOCAL lock_timeout = '5s';

DROP TABLE purchasing.landed_cost_line;
DROP TABLE purchasing.landed_cost;
DROP TYPE purchasing.spread;
DROP TYPE purchasing.landed_cost_kind;
DROP TABLE purchasing.supplier_invoice_line;
DROP TABLE purchasing.supplier_invoice;
ALTER TABLE purchasing.goods_receipt_line DROP COLUMN invoiced_quantity;
