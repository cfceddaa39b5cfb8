package main

import (
	"bytes"
	"context"

	"github.com/millrace-erp/millrace/internal/httpapi"
	"github.com/millrace-erp/millrace/internal/inventory"
	"github.com/millrace-erp/millrace/internal/problem"
)

// directClient calls the poster that the api uses, in this process: Millrace without HTTP.
type directClient struct {
	poster *inventory.Poster
	person httpapi.Request
	before []byte
}

func (c *directClient) close() {}

func (c *directClient) do(ctx context.Context, command *command) (outcome, error) {
	request := inventory.Request{Request: c.person, Operation: command.operation(), Command: command.appendBody(nil)}
	request.Key = string(command.key[:])
	answer, err := c.poster.Post(ctx, request)
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
