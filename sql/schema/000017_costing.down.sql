SET LOCAL lock_timeout = '5s';

DELETE FROM event.consumer WHERE name = 'costing';
DROP TYPE costing.movement_line;
DROP TABLE costing.labour_cost;
DROP TABLE costing.work_order_cost;
DROP TABLE costing.movement_cost;
DROP TABLE costing.layer;
DROP TABLE costing.item_stock;
DROP TYPE costing.cost_source;
