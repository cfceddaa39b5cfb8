package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/millrace-erp/millrace/internal/inventory"
	"github.com/millrace-erp/millrace/internal/problem"
)

// directClient calls the poster that the api uses, in this process: Millrace without HTTP.
type directClient struct {
	poster *inventory.Poster
	person string
	before []byte
}

func (c *directClient) close() {}

func (c *directClient) do(ctx context.Context, command *command) (outcome, error) {
	key := string(command.key[:])
	requestContext := fmt.Appendf(nil, `{"key":"%s",%s`, key, c.person)
	answer, err := c.poster.Post(ctx, command.operation(), key, requestContext, json.RawMessage(command.appendBody(nil)))
	if err != nil {
		if problem.From(err).Status >= 500 {
			return broken, nil
		}
		return wrong, err
	}
	became := wrong
	switch {
	case command.isRetry:
		if answer.IsReplayed && bytes.Equal(answer.Body, c.before) {
			became = replayed
		}
		return became, nil
	case answer.IsReplayed:
	case answer.Status == 201 && !command.isExcessive:
		became = posted
	case answer.Status == 409 && command.isExcessive:
		became = refused
	}
	c.before = answer.Body
	return became, nil
}
