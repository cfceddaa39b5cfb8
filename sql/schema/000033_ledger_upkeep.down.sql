SET LOCAL lock_timeout = '5s';

DROP INDEX inventory.movement_item_id_posted_at_late_idx;
DROP INDEX inventory.movement_posted_at_brin;
CREATE INDEX movement_posted_at_brin ON inventory.movement USING brin (posted_at) WITH (pages_per_range = 32, autosummarize = on);
