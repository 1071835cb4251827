-- What the auditor goes through: open alerts by id, whatever the scheduler thinks is due. With `closed`
-- in it the index answers alone: a row that lost that column is listed all the same, and found out.
CREATE INDEX alert_open ON alert (id, closed) WHERE closed = 0;
