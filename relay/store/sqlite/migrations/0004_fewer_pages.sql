-- Ids are random: each tree that is sorted by them costs a page of the log for every alert. One is left.

-- As before, but for UNIQUE: that made a tree of its own, and an alert is looked for before it is inserted.
CREATE TABLE alert_4 (
    n            INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL,
    digest       BLOB    NOT NULL,
    committed_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    first_head   BLOB    NOT NULL,
    envelope_sum BLOB    NOT NULL,
    version      INTEGER NOT NULL,
    head         BLOB    NOT NULL,
    deadline     INTEGER,
    closed       INTEGER NOT NULL,
    closed_at    INTEGER,
    destroyed    INTEGER NOT NULL,
    sum          BLOB    NOT NULL
) STRICT;
INSERT INTO alert_4 SELECT n, id, digest, committed_at, expires_at, first_head, envelope_sum, version, head,
    deadline, closed, closed_at, destroyed, sum FROM alert;

CREATE TABLE journal_4 (
    n        INTEGER NOT NULL, -- the alert's
    seq      INTEGER NOT NULL,
    entry    BLOB    NOT NULL,
    body     BLOB,
    body_sum BLOB,
    sum      BLOB    NOT NULL,
    PRIMARY KEY (n, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_4 SELECT alert.n, seq, entry, body, body_sum, journal.sum
    FROM journal JOIN alert ON alert.id = journal.alert;

DROP TABLE journal;
DROP TABLE alert;
ALTER TABLE journal_4 RENAME TO journal;
ALTER TABLE alert_4 RENAME TO alert;
-- With `closed` in it, it answers alone which alerts are open.
CREATE INDEX alert_id ON alert (id, closed);
CREATE INDEX alert_due ON alert (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX alert_closed ON alert (closed_at) WHERE closed_at IS NOT NULL AND destroyed = 0;

-- What became of an alert's slots, in one row for all of them: which are open, in what order they were
-- opened, and how far each got (relay/store/sqlite/deliveries.hpp). What waited and what was marked
-- under the tables before is gathered into it.
CREATE TABLE slots (
    n       INTEGER PRIMARY KEY, -- the alert's
    alert   BLOB    NOT NULL,
    waiting INTEGER NOT NULL,    -- 1: not all of them are delivered
    bytes   BLOB    NOT NULL,
    sum     BLOB    NOT NULL
) STRICT;
CREATE INDEX slots_waiting ON slots (waiting) WHERE waiting = 1;

-- How many slots were ever opened: their order goes on from there.
CREATE TABLE opened (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO opened VALUES (1, COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'delivery'), 0));
