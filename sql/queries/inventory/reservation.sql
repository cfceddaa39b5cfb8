-- name: ReleaseExpiredReservations :one
SELECT inventory.release_expired_reservations(@row_limit::integer)::integer AS released;
