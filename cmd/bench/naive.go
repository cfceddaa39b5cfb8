package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// naiveConnections is how many connections the textbook service has. With one for each of 400 clients it
// is several times slower still.
const naiveConnections = 40

// naiveClient sends the four statements one after the other, in a transaction.
type naiveClient struct {
	pool                             *pgxpool.Pool
	movement, stock, outbox, request string
	person                           string
}

func newNaiveClient(pool *pgxpool.Pool, number int) *naiveClient {
	return &naiveClient{
		pool: pool, person: fmt.Sprintf("operator-%03d", number),
		movement: statement("naive_movement"), stock: statement("naive_stock"), outbox: statement("naive_outbox"), request: statement("naive_request"),
	}
}

func (c *naiveClient) close() {}

func (c *naiveClient) do(ctx context.Context, command *command) (outcome, error) {
	item, location, key := int64(command.item), int64(command.from), string(command.key[:])
	body := fmt.Sprintf(`{"item":"%s","from":"%s","quantity":"%s"}`, itemNames[command.item], locationNames[command.from], command.quantity)
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		_, movementErr := tx.Exec(ctx, c.movement, item, location, command.quantity, c.person, key)
		if movementErr != nil {
			return movementErr
		}
		changed, err := tx.Exec(ctx, c.stock, item, location, command.quantity)
		if err != nil {
			return err
		}
		if changed.RowsAffected() != 1 {
			return errors.New("there is no such stock")
		}
		if _, err := tx.Exec(ctx, c.outbox, body); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, c.request, key, body)
		return err
	})
	if err != nil {
		return wrong, err
	}
	return posted, nil
}
