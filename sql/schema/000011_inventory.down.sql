SET LOCAL lock_timeout = '5s';

DROP TABLE inventory.count_line;
DROP TABLE inventory.count;
DROP TABLE inventory.genealogy;
DROP TABLE inventory.reservation;
DROP TYPE inventory.demand_type;
DROP TYPE inventory.posting_line;
DROP TYPE inventory.balance_key;
DROP TABLE inventory.balance;
DROP TABLE inventory.reversal;
DROP TABLE inventory.movement;
DROP SEQUENCE inventory.movement_id;
DROP TABLE inventory.movement_rule;
DROP TYPE inventory.document_type;
DROP TYPE inventory.movement_type;
DROP TABLE inventory.lot;
DROP TYPE inventory.lot_status;
