-- Times are milliseconds since 1970. `sum` is a hash over the other columns of its row, so that a
-- flipped bit is found wherever it falls; see relay/store/sqlite/sum.hpp.

-- `n` only names the row (and its envelope) shortly; everything else refers to alerts by id.
CREATE TABLE alert (
    n            INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
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
CREATE INDEX alert_due ON alert (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX alert_closed ON alert (closed_at) WHERE closed_at IS NOT NULL AND destroyed = 0;

-- Written once, dropped with the content.
CREATE TABLE envelope (
    n     INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

-- The id is repeated here on purpose: when one of the two trees loses an alert, the other knows.
-- `body_sum` outlives the body, so that destroying content needs no new `sum`.
CREATE TABLE journal (
    alert    BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    entry    BLOB    NOT NULL,
    body     BLOB,
    body_sum BLOB,
    sum      BLOB    NOT NULL,
    PRIMARY KEY (alert, seq)
) STRICT, WITHOUT ROWID;

-- One row while a slot is open and not delivered. `n` is the order of opening and is never used
-- twice: a reader may hold the number of a delivery that has gone.
CREATE TABLE delivery (
    n       INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox BLOB    NOT NULL,
    alert   BLOB    NOT NULL,
    slot    INTEGER NOT NULL,
    sum     BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX delivery_slot ON delivery (alert, slot);
CREATE INDEX delivery_mailbox ON delivery (mailbox);

-- One row per slot from `delivered` on; `n` is what its delivery had.
CREATE TABLE mark (
    alert     BLOB    NOT NULL,
    slot      INTEGER NOT NULL,
    mailbox   BLOB    NOT NULL,
    n         INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    signature BLOB    NOT NULL,
    sum       BLOB    NOT NULL,
    PRIMARY KEY (alert, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    org              BLOB NOT NULL,
    epoch            BLOB NOT NULL,
    admin_invitation BLOB NOT NULL,
    sum              BLOB NOT NULL
) STRICT;

CREATE TABLE directory (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    bundle  BLOB    NOT NULL,
    routing BLOB    NOT NULL,
    sum     BLOB    NOT NULL
) STRICT;

CREATE TABLE prekey (
    mailbox BLOB    NOT NULL,
    i       INTEGER NOT NULL,
    bytes   BLOB    NOT NULL,
    sum     BLOB    NOT NULL,
    PRIMARY KEY (mailbox, i)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment (
    invitation BLOB PRIMARY KEY NOT NULL,
    request    BLOB NOT NULL,
    answer     BLOB,
    sum        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What the health check writes.
CREATE TABLE probe (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES (1, 0);
