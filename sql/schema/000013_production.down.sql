SET LOCAL lock_timeout = '5s';

DROP TABLE production.production_report_material;
DROP TABLE production.production_report;
DROP TYPE production.report_kind;
DROP TABLE production.material_issue_line;
DROP TABLE production.material_issue;
DROP TYPE production.issue_kind;
DROP TABLE production.work_order_operation;
DROP TABLE production.work_order_material;
DROP TABLE production.work_order;
DROP TYPE production.work_order_state;
