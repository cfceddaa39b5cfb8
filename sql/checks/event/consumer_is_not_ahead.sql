-- No consumer has read further than the feed goes.
SELECT c.name, c.position, h.position AS head FROM event.consumer AS c, event.log_head AS h WHERE c.position > h.position;
