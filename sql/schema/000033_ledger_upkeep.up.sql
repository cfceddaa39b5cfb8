SET LOCAL lock_timeout = '5s';

-- Two summaries per megabyte say as much of when a page was written as four do: a day is thousands of pages, and at both its ends one range
-- more is read. Half the entries make the index a thousandth of a B-tree even where each month has its own (docs/adr/0025).
-- Made on the parent, so partitions made later have it like this. Reads the ledger once while it holds the lock.
DROP INDEX inventory.movement_posted_at_brin;
CREATE INDEX movement_posted_at_brin ON inventory.movement USING brin (posted_at) WITH (pages_per_range = 64, autosummarize = on);

-- Late scans: few, so next to nothing to keep. Stock as of an instant by what happened needs of all that was posted later only them.
CREATE INDEX movement_item_id_posted_at_late_idx ON inventory.movement (item_id, posted_at) WHERE posted_at - occurred_at > interval '1 hour';
