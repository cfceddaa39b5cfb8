package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Client speaks to a running Millrace.
type Client struct {
	URL string
	// Tokens gives the bearer token of an operator on a device; of the client itself when
	// both are empty.
	Tokens func(ctx context.Context, operator, device string) (string, error)
	HTTP   *http.Client
}

// Person is who acts, and on which terminal.
type Person struct {
	Operator, Device string
}

// Answer is what Millrace answered.
type Answer struct {
	Status     int
	IsReplayed bool
	Body       []byte
	Took       time.Duration
}

// Post sends a command under key.
func (c *Client) Post(ctx context.Context, person Person, key, path string, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	return c.do(request, person)
}

// Get reads.
func (c *Client) Get(ctx context.Context, path string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil)
	if err != nil {
		return Answer{}, err
	}
	return c.do(request, Person{})
}

func (c *Client) do(request *http.Request, person Person) (Answer, error) {
	token, err := c.Tokens(request.Context(), person.Operator, person.Device)
	if err != nil {
		return Answer{}, fmt.Errorf("get a token: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	began := time.Now()
	response, err := c.HTTP.Do(request)
	if err != nil {
		return Answer{}, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // everything was read
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer to %s %s: %w", request.Method, request.URL.Path, err)
	}
	return Answer{
		Status:     response.StatusCode,
		IsReplayed: response.Header.Get("Idempotent-Replayed") == "true",
		Body:       body,
		Took:       time.Since(began),
	}, nil
}

// document is a JSON object as Millrace answered it.
type document map[string]any

// at is the value at a place: member names and list indexes, from the outside in; nil when there is none.
func (d document) at(place ...any) any {
	var value any = map[string]any(d)
	for _, step := range place {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// text is the value at a place as text.
func (d document) text(place ...any) string {
	switch value := d.at(place...).(type) {
	case nil:
		return ""
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	default:
		return fmt.Sprint(value)
	}
}

// list is the list of objects at a place.
func (d document) list(place ...any) []document {
	values, _ := d.at(place...).([]any)
	objects := make([]document, 0, len(values))
	for _, value := range values {
		object, _ := value.(map[string]any)
		objects = append(objects, object)
	}
	return objects
}

func decode(body []byte) (document, error) {
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return d, nil
}

// Document is a rendered document: a delivery note, a label, an invoice.
type Document struct {
	Name    string
	Content []byte
}

// Documents reads the latest rendered documents.
func (c *Client) Documents(ctx context.Context) ([]Document, error) {
	answer, err := c.read(ctx, "/v1/documents")
	if err != nil {
		return nil, err
	}
	list, err := decode(answer.Body)
	if err != nil {
		return nil, err
	}
	var documents []Document
	for _, file := range list.list("items") {
		content, err := c.read(ctx, file.text("content"))
		if err != nil {
			return nil, err
		}
		name := file.text("kind") + "-" + strings.NewReplacer(":", "-", "/", "-").Replace(file.text("number")) + ".pdf"
		documents = append(documents, Document{Name: name, Content: content.Body})
	}
	return documents, nil
}

// Spreadsheets has one of each kind of export written, waits for the jobs, and reads the
// files. Each comes with the path under which the API gives it.
func (c *Client) Spreadsheets(ctx context.Context) ([]Document, []string, error) {
	var numbers []string
	for _, kind := range []string{"stock", "movements", "valuation", "genealogy"} {
		answer, err := c.Post(ctx, Person{Operator: "demonstration"}, NewKey(), "/v1/exports", []byte(`{"kind": "`+kind+`"}`))
		if err != nil {
			return nil, nil, err
		}
		if answer.Status != http.StatusAccepted {
			return nil, nil, fmt.Errorf("POST /v1/exports: %d\n%s", answer.Status, Pretty(answer.Body))
		}
		export, err := decode(answer.Body)
		if err != nil {
			return nil, nil, err
		}
		numbers = append(numbers, export.text("number"))
	}
	var files []Document
	var links []string
	for _, number := range numbers {
		export, err := c.finished(ctx, "/v1/exports/"+number)
		if err != nil {
			return nil, nil, err
		}
		content, err := c.read(ctx, export.text("content"))
		if err != nil {
			return nil, nil, err
		}
		files = append(files, Document{Name: export.text("kind") + "-" + number + ".xlsx", Content: content.Body})
		links = append(links, export.text("content"))
	}
	return files, links, nil
}

// finished asks until the export is no longer being written.
func (c *Client) finished(ctx context.Context, path string) (document, error) {
	for {
		answer, err := c.read(ctx, path)
		if err != nil {
			return nil, err
		}
		export, err := decode(answer.Body)
		if err != nil {
			return nil, err
		}
		switch export.text("state") {
		case "ready":
			return export, nil
		case "pending":
		default:
			return nil, fmt.Errorf("export %s %s: %s", export.text("number"), export.text("state"), export.text("reason"))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// read is Get for what must be there.
func (c *Client) read(ctx context.Context, path string) (Answer, error) {
	answer, err := c.Get(ctx, path)
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("GET %s: %d\n%s", path, answer.Status, Pretty(answer.Body))
	}
	return answer, err
}
