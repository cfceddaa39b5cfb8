-- Secrets of webhooks are sealed, mails of which nobody knows whether they arrived are held, old labels are found to be
-- forgotten, and the journal is read by account.
SET LOCAL lock_timeout = '5s';

-- The key is not here: whoever delivers webhooks seals what still lies in the clear.
ALTER TABLE event.webhook_secret
    ADD COLUMN sealed bytea,
    ALTER COLUMN secret DROP NOT NULL,
    ADD CONSTRAINT webhook_secret_sealed_check CHECK ((sealed IS NULL) <> (secret IS NULL) AND octet_length(sealed) BETWEEN 50 AND 200);
COMMENT ON COLUMN event.webhook_secret.secret IS 'The key in the clear, as a server of the release before left it; the worker seals it within a minute.';
COMMENT ON COLUMN event.webhook_secret.sealed IS 'The key, encrypted for "webhook/<code of the endpoint>" with the servers'' MILLRACE_ENCRYPTION_KEY.';

-- A new value of a type cannot be named in the transaction that adds it.
ALTER TYPE notify.mail_state ADD VALUE 'held' BEFORE 'dead';
COMMENT ON TYPE notify.mail_state IS 'queued: waits for its first or next attempt, or its text is on the way. handing_over: the end of its text goes to the relay, which may take it from now on; found by a later attempt, nobody knows whether it did. held: nobody knows, and a person decides. sent: the relay has taken it. dead: given up, see reason.';
COMMENT ON COLUMN notify.mail.unknown_outcomes IS 'Attempts of which nobody knew whether the relay took the mail: the worker or the connection broke between the end of the text and the answer. Each may have brought a copy under the same Message-ID.';

CREATE INDEX print_job_finished_at_idx ON document.print_job (finished_at) WHERE finished_at IS NOT NULL;

CREATE INDEX journal_entry_debit_idx ON costing.journal_entry (debit, position, ordinal);
CREATE INDEX journal_entry_credit_idx ON costing.journal_entry (credit, position, ordinal);
