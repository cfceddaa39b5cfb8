-- What the devices of operators tell of their journals: how far each has come, what it still holds, what never came.
SET LOCAL lock_timeout = '5s';

CREATE SCHEMA floor;
COMMENT ON SCHEMA floor IS 'What the screens of operators need: what a scan means, what is to be done, and how far the journals of the devices have come.';

CREATE TABLE floor.journal (
    id uuid NOT NULL,
    device text NOT NULL,
    highest_sequence bigint NOT NULL DEFAULT 0,
    queued integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,
    oldest_queued_at timestamptz,
    clock_skew interval,
    version text,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    heard_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT journal_pkey PRIMARY KEY (id),
    CONSTRAINT journal_device_check CHECK (length(device) BETWEEN 1 AND 64),
    CONSTRAINT journal_highest_sequence_check CHECK (highest_sequence >= 0),
    CONSTRAINT journal_queued_check CHECK (queued >= 0),
    CONSTRAINT journal_refused_check CHECK (refused >= 0),
    CONSTRAINT journal_version_check CHECK (length(version) <= 64)
);
CREATE INDEX journal_device_idx ON floor.journal (device, heard_at);
COMMENT ON TABLE floor.journal IS 'The journal of a device: it numbers what operators tap from 1 on, and sends it in that order. A device that lost its memory begins a new one.';
COMMENT ON COLUMN floor.journal.id IS 'Made by the device.';
COMMENT ON COLUMN floor.journal.device IS 'As the token names it.';
COMMENT ON COLUMN floor.journal.highest_sequence IS 'Number of the newest tap that was answered.';
COMMENT ON COLUMN floor.journal.queued IS 'Taps that were still on the device at its last report.';
COMMENT ON COLUMN floor.journal.refused IS 'Refused taps that waited for a person at its last report.';
COMMENT ON COLUMN floor.journal.oldest_queued_at IS 'When the oldest of the queued was tapped, by the corrected clock of the device.';
COMMENT ON COLUMN floor.journal.clock_skew IS 'How far the clock of the device is behind ours; negative when it is ahead.';
COMMENT ON COLUMN floor.journal.version IS 'Of the screens that the device shows.';
COMMENT ON COLUMN floor.journal.heard_at IS 'When it last reported or sent a tap.';

CREATE TABLE floor.missing_sequence (
    journal_id uuid NOT NULL,
    sequence bigint NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT missing_sequence_pkey PRIMARY KEY (journal_id, sequence),
    CONSTRAINT missing_sequence_journal_id_fkey FOREIGN KEY (journal_id) REFERENCES floor.journal (id),
    CONSTRAINT missing_sequence_sequence_check CHECK (sequence > 0)
);
COMMENT ON TABLE floor.missing_sequence IS 'A tap that a device has numbered and that has not come, though a later one has. The row goes when it comes.';
