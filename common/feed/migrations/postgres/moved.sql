-- The counter goes on from the newest event; without one it begins anew.
UPDATE feed_counter SET last = (SELECT coalesce(max(sequence), 0) FROM feed_event) WHERE one = 1;
