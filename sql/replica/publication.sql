-- Run on the primary: what the reporting replica gets. River's tables are nobody's business but the worker's; the outbox
-- (event.inbox) has no key to replicate by, and everything in it arrives in event.log. Partitions travel as their parent.
CREATE PUBLICATION millrace
    FOR TABLES IN SCHEMA catalog, inventory, purchasing, production, sales, shipping, billing, costing, document, audit,
    TABLE identity.operator, event.request, event.log, event.log_head, event.consumer
    WITH (publish_via_partition_root = true);
