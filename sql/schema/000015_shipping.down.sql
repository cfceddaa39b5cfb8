SET LOCAL lock_timeout = '5s';

DROP TABLE shipping.return_inspection_line;
DROP TABLE shipping.return_inspection;
DROP TABLE shipping.customer_return_line;
DROP TABLE shipping.customer_return;
DROP TABLE shipping.delivery_note;
DROP TABLE shipping.delivery_note_series;
DROP TABLE shipping.shipment_line;
DROP TABLE shipping.shipment_unit;
DROP TABLE shipping.shipment;
DROP TABLE shipping.handling_unit_content;
DROP TABLE shipping.handling_unit;
DROP TYPE shipping.handling_unit_state;
DROP TYPE shipping.handling_unit_kind;
DROP TABLE shipping.sscc_series;
DROP TABLE shipping.pick_line;
DROP TABLE shipping.pick;
