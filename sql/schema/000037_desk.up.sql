-- What the lists of the desk are read along: open orders, shipments to be invoiced, returns to be credited.
SET LOCAL lock_timeout = '5s';

CREATE INDEX purchase_order_open_idx ON purchasing.purchase_order (id) WHERE state = 'released';
CREATE INDEX work_order_open_idx ON production.work_order (id) WHERE state IN ('released', 'in_process');
CREATE INDEX sales_order_open_idx ON sales.sales_order (id) WHERE state = 'released';
CREATE INDEX shipment_line_open_idx ON shipping.shipment_line (shipment_id) WHERE invoiced_quantity = 0;
CREATE INDEX customer_return_line_open_idx ON shipping.customer_return_line (customer_return_id) WHERE credited_quantity = 0;
