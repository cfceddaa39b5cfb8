SET LOCAL lock_timeout = '5s';

DROP INDEX shipping.customer_return_line_open_idx;
DROP INDEX shipping.shipment_line_open_idx;
DROP INDEX sales.sales_order_open_idx;
DROP INDEX production.work_order_open_idx;
DROP INDEX purchasing.purchase_order_open_idx;
