SET LOCAL lock_timeout = '5s';

DROP TABLE inventory.posting_snapshot_balance;
DROP TABLE inventory.posting_snapshot;
DROP TABLE inventory.retention;
