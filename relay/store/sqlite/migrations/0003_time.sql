-- What time it was, by which clocks, when the relay last looked (relay/core/timekeeper.hpp): kept each
-- second, which shows as well that the disk takes a commit.
CREATE TABLE time (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    now     INTEGER NOT NULL,
    certain INTEGER NOT NULL,
    wall    INTEGER NOT NULL,
    boot    INTEGER NOT NULL,
    boot_id BLOB    NOT NULL,
    flags   INTEGER NOT NULL,
    sum     BLOB    NOT NULL
) STRICT;
DROP TABLE probe;
