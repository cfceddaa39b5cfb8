-- Partitions are kept ahead of the calendar: nothing fell into the default ones.
SELECT 'inventory.movement_default' AS partition, count(*) FROM inventory.movement_default HAVING count(*) > 0
UNION ALL
SELECT 'audit.entry_default', count(*) FROM audit.entry_default HAVING count(*) > 0;
