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
