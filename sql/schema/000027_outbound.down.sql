SET LOCAL lock_timeout = '5s';

DELETE FROM event.consumer WHERE name LIKE 'webhook:%';
DROP TABLE event.webhook_attempt, event.webhook_delivery, event.webhook_secret, event.webhook_endpoint;
DROP TABLE notify.mail;
DROP TYPE notify.mail_state;
DROP SCHEMA notify;
ALTER TABLE catalog.partner
    DROP CONSTRAINT partner_invoice_email_check,
    DROP CONSTRAINT partner_delivery_note_email_check,
    DROP COLUMN invoice_email,
    DROP COLUMN delivery_note_email;
