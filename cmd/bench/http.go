package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// httpClient speaks HTTP/1.1 over one kept connection. It is written by hand because it shares the
// machine with what it measures: a request is one buffer and one write, an answer mostly one read, and
// nothing is allocated.
type httpClient struct {
	connection net.Conn
	scrap      []byte // start of a request, up to its key
	transfer   []byte
	request    []byte
	body       []byte
	answer     []byte
	before     []byte // body of the answer to the last command
}

func dialHTTP(ctx context.Context, address, token string) (client, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	head := func(path string) []byte {
		return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nIdempotency-Key: ",
			path, address, token)
	}
	return &httpClient{
		connection: connection, scrap: head("/v1/scrappings"), transfer: head("/v1/transfers"), answer: make([]byte, 8192),
	}, nil
}

func (c *httpClient) close() { _ = c.connection.Close() }

func (c *httpClient) do(_ context.Context, command *command) (outcome, error) {
	c.body = command.appendBody(c.body[:0])
	head := c.scrap
	if command.to != 0 {
		head = c.transfer
	}
	c.request = append(c.request[:0], head...)
	c.request = append(c.request, command.key[:]...)
	c.request = append(c.request, "\r\nContent-Length: "...)
	c.request = strconv.AppendInt(c.request, int64(len(c.body)), 10)
	c.request = append(c.request, "\r\n\r\n"...)
	c.request = append(c.request, c.body...)
	if _, err := c.connection.Write(c.request); err != nil {
		return wrong, err
	}
	status, isReplay, body, err := c.read()
	if err != nil {
		return wrong, err
	}
	became := wrong
	switch {
	case status >= 500:
		return broken, nil
	case command.isRetry:
		if isReplay && bytes.Equal(body, c.before) {
			became = replayed
		}
		return became, nil
	case isReplay:
	case status == 201 && !command.isExcessive:
		became = posted
	case status == 409 && command.isExcessive:
		became = refused
	}
	c.before = append(c.before[:0], body...)
	return became, nil
}

var (
	headEnd      = []byte("\r\n\r\n")
	lengthHeader = []byte("\r\nContent-Length: ")
	replayHeader = []byte("\r\nIdempotent-Replayed: true\r\n")
)

// read reads one answer. Its body is good until the next one.
func (c *httpClient) read() (status int, isReplay bool, body []byte, err error) {
	filled, headLength, total := 0, 0, 0
	for total == 0 || filled < total {
		n, err := c.connection.Read(c.answer[filled:])
		if err != nil {
			return 0, false, nil, err
		}
		filled += n
		if total != 0 {
			continue
		}
		end := bytes.Index(c.answer[:filled], headEnd)
		if end < 0 {
			continue
		}
		headLength = end + len(headEnd)
		head := c.answer[:end+2]
		at := bytes.Index(head, lengthHeader)
		if at < 0 || len(head) < 12 {
			return 0, false, nil, fmt.Errorf("an answer without length: %q", head)
		}
		length := 0
		for _, digit := range head[at+len(lengthHeader):] {
			if digit < '0' || digit > '9' {
				break
			}
			length = length*10 + int(digit-'0')
		}
		total = headLength + length
		if total > len(c.answer) {
			return 0, false, nil, errors.New("an answer that is too long")
		}
		status = int(head[9]-'0')*100 + int(head[10]-'0')*10 + int(head[11]-'0')
		isReplay = bytes.Contains(head, replayHeader)
	}
	return status, isReplay, c.answer[headLength:total], nil
}
