SET LOCAL lock_timeout = '5s';

DROP TABLE purchasing.supplier_return;
DROP TABLE purchasing.inspection;
DROP TABLE purchasing.goods_receipt_line;
DROP TYPE purchasing.receipt_line_state;
DROP TABLE purchasing.goods_receipt;
DROP TABLE purchasing.purchase_order_line;
DROP TABLE purchasing.purchase_order;
DROP TYPE purchasing.purchase_order_state;
