SELECT h.position, (SELECT count(*) FROM event.inbox) FROM event.log_head AS h;
