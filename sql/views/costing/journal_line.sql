CREATE OR REPLACE VIEW costing.journal_line AS
SELECT e.position AS entry, e.ordinal AS entry_row, e.debit AS account, e.amount, e.currency, e.kind, s.code AS site, i.number AS item,
    w.number AS work_order, costing.document_number(e.kind,
        CASE WHEN e.document_type = 'reversal' THEN costing.reversed_document_type(e.movement_id) ELSE e.document_type END, e.document_id) AS document, e.movement_id, e.posted_at, e.occurred_at
FROM costing.journal_entry AS e
JOIN catalog.site AS s ON s.id = e.site_id
LEFT JOIN catalog.item AS i ON i.id = e.item_id
LEFT JOIN production.work_order AS w ON w.id = e.work_order_id
UNION ALL
SELECT e.position, e.ordinal, e.credit, -e.amount, e.currency, e.kind, s.code, i.number,
    w.number, costing.document_number(e.kind,
        CASE WHEN e.document_type = 'reversal' THEN costing.reversed_document_type(e.movement_id) ELSE e.document_type END, e.document_id), e.movement_id, e.posted_at, e.occurred_at
FROM costing.journal_entry AS e
JOIN catalog.site AS s ON s.id = e.site_id
LEFT JOIN catalog.item AS i ON i.id = e.item_id
LEFT JOIN production.work_order AS w ON w.id = e.work_order_id;

COMMENT ON VIEW costing.journal_line IS 'The value journal for analysts: two lines for each of its rows, debit positive and credit negative, so that the sum over accounts is 0. On the replica as well.';
