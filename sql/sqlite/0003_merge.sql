-- Schema 3, what a post costs: rows of delivery_seen and body_seen may come
-- later than the event.

-- 1 when its body is looked for among later posts.
ALTER TABLE event ADD COLUMN watched INTEGER NOT NULL DEFAULT 0
    CHECK (watched IN (0, 1));

-- How far the two trees are: rows of the events up to upto are in them, and
-- of those up to end the rows that a hand which goes round in the order of
-- the keys has passed; at is how many steps of it there were.  An event
-- beyond upto must not be deleted: nobody else knows that it was seen.
INSERT INTO counter (family, key, n)
SELECT 'merge', k.column1, iif(k.column1 = 'at', 0, coalesce((SELECT n
    FROM counter WHERE family = 'sum' AND key = 'event_id'), 0))
FROM (VALUES ('at'), ('end'), ('upto')) k;

-- The same rows as before.  A list of more than two numbers is a table that
-- SQLite makes and fills again for every event it puts or changes.
DROP INDEX event_unsettled;
CREATE INDEX event_unsettled ON event (status)
    WHERE status <> 0 AND status <> 3;

PRAGMA user_version = 3;
