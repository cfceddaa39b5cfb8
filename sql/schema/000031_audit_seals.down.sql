SET LOCAL lock_timeout = '5s';

DROP TABLE audit.detachment;
DROP TABLE audit.sealing;
DROP TABLE audit.witness;
DROP TABLE audit.seal_chunk;
DROP TABLE audit.seal_part;
DROP TABLE audit.seal;
DROP TABLE audit.incarnation;
DROP INDEX audit.entry_deleted_idx;
DROP INDEX audit.entry_transaction_id_brin;
ALTER TABLE document.file DROP COLUMN incarnation, DROP COLUMN transaction_id;
ALTER TABLE costing.journal_entry DROP COLUMN incarnation, DROP COLUMN transaction_id;
ALTER TABLE costing.labour_cost DROP COLUMN incarnation, DROP COLUMN transaction_id;
ALTER TABLE costing.movement_cost DROP COLUMN incarnation, DROP COLUMN transaction_id;
ALTER TABLE event.request DROP COLUMN incarnation, DROP COLUMN transaction_id;
ALTER TABLE inventory.reversal DROP COLUMN incarnation, DROP COLUMN transaction_id;
ALTER TABLE inventory.movement DROP COLUMN incarnation, DROP COLUMN transaction_id;
ALTER TABLE audit.entry DROP COLUMN incarnation;
