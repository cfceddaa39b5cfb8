SET LOCAL lock_timeout = '5s';

DROP TABLE catalog.reason;
DROP TYPE catalog.reason_kind;
DROP TABLE catalog.routing_operation;
DROP TABLE catalog.bill_of_material_line;
DROP TABLE catalog.bill_of_material;
DROP TABLE catalog.work_center;
DROP TABLE catalog.supplier_item;
DROP TABLE catalog.partner;
DROP TABLE catalog.item_unit;
DROP TABLE catalog.item;
DROP TYPE catalog.issue_order;
DROP TYPE catalog.costing_method;
DROP TYPE catalog.tracking;
DROP TABLE catalog.unit;
DROP TABLE catalog.location;
DROP TYPE catalog.location_kind;
DROP TABLE catalog.site;
