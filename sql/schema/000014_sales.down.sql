SET LOCAL lock_timeout = '5s';

DROP TABLE sales.sales_order_line;
DROP TABLE sales.sales_order;
DROP TYPE sales.order_state;
