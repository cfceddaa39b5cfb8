CREATE INDEX bench_posted_at_btree ON inventory.movement (posted_at)
