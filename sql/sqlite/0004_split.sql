-- Schema 4, what drains that deliver side by side know of each other.

-- Among how many drains it divides max_in_flight in every request that it
-- has open; 0: not.
ALTER TABLE worker ADD COLUMN split INTEGER NOT NULL DEFAULT 0
    CHECK (split >= 0);

PRAGMA user_version = 4;
