package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/millrace-erp/millrace/internal/problem"
)

// bodyTimeout is how long a body may take to arrive.
const bodyTimeout = 10 * time.Second

// strict reads the body and refuses whatever is wrong with it as JSON, whatever its
// schema: what it lets through has one meaning, and Postgres can store it.
func strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost && r.Method != http.MethodPut && r.Method != http.MethodPatch {
			next.ServeHTTP(w, r)
			return
		}
		if p := checkMediaType(r.Header); p != nil {
			refuse(w, r, p)
			return
		}
		body, p := readBody(w, r)
		hasNull := false
		if p == nil {
			hasNull, p = checkJSON(body)
		}
		if p != nil {
			refuse(w, r, p)
			return
		}
		command := body
		if hasNull {
			command = withoutNulls(body)
		}
		exchangeOf(r.Context()).body = command
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func checkMediaType(h http.Header) *problem.Problem {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return problem.New(problem.UnsupportedMediaType, "A compressed body is not taken.")
	}
	if h.Get("Content-Type") == "" {
		return problem.New(problem.UnsupportedMediaType, "The body must say Content-Type: application/json.")
	}
	mediaType, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || mediaType != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return problem.New(problem.UnsupportedMediaType, "The body must be application/json in UTF-8.")
	}
	return nil
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *problem.Problem) {
	controller := http.NewResponseController(w)
	_ = controller.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every connection has one
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	var (
		tooLarge *http.MaxBytesError
		network  net.Error
	)
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem.New(problem.TooLarge, "The body may have "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes at most.")
	case errors.As(err, &network) && network.Timeout():
		return nil, problem.New(problem.TooSlow, "")
	case err != nil:
		return nil, problem.New(problem.Malformed, "The body ended before it was complete.")
	}
	_ = controller.SetReadDeadline(time.Time{})
	return body, nil
}

// checkJSON holds the body to be exactly one JSON value in valid UTF-8, no object naming
// a member twice, no NUL, not nested beyond reason. It says whether null stands anywhere.
func checkJSON(body []byte) (hasNull bool, _ *problem.Problem) {
	if len(bytes.TrimSpace(body)) == 0 {
		return false, problem.New(problem.Malformed, "The body is missing.").With("body", "missing")
	}
	malformed := func(detail, message string) (bool, *problem.Problem) {
		return false, problem.New(problem.Malformed, detail).With("body", message)
	}
	decoder := jsontext.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.ReadToken()
		switch {
		case err == io.EOF: //nolint:errorlint // the decoder's documented end
			return hasNull, nil
		case errors.Is(err, jsontext.ErrDuplicateName):
			return malformed("The body names a member twice.", "a member is named twice")
		case err != nil && !utf8.Valid(body):
			return malformed("The body is not valid UTF-8.", "not valid UTF-8")
		case err != nil:
			return malformed("The body is not valid JSON.", "not valid JSON at byte "+strconv.FormatInt(decoder.InputOffset(), 10))
		}
		if decoder.StackDepth() > maxDepth {
			return malformed("The body is nested too deeply.", "nested deeper than "+strconv.Itoa(maxDepth))
		}
		hasNull = hasNull || token.Kind() == 'n'
		if token.Kind() == '"' && strings.ContainsRune(token.String(), 0) {
			return malformed("The body holds a NUL character.", "holds a NUL character")
		}
		if decoder.StackDepth() == 0 && len(bytes.TrimSpace(body[decoder.InputOffset():])) > 0 {
			return malformed("The body holds more than one JSON value.", "more than one JSON value")
		}
	}
}

// withoutNulls leaves out the members that are null: to say null is to say nothing, for every operation alike.
// In lists null stays, and is refused. The body is valid JSON, as checkJSON found.
func withoutNulls(body []byte) []byte {
	decoder := jsontext.NewDecoder(bytes.NewReader(body))
	var out bytes.Buffer
	encoder := jsontext.NewEncoder(&out)
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return bytes.TrimSpace(out.Bytes())
		}
		kind, position := decoder.StackIndex(decoder.StackDepth())
		isName := kind == '{' && position%2 == 1 && token.Kind() == '"'
		if isName {
			token = token.Clone() // peeking overwrites it
			if decoder.PeekKind() == 'n' {
				_ = decoder.SkipValue() // it is null
				continue
			}
		}
		if err := encoder.WriteToken(token); err != nil {
			panic(err) // what was read can be written
		}
	}
}

// errDecode stands for jsonv2's errors, which may quote values.
var errDecode = errors.New("a value does not fit the type of its member")

func unmarshal(data []byte, v any) error {
	if err := jsonv2.Unmarshal(data, v); err != nil {
		return errDecode
	}
	return nil
}

// sentence makes a message fit for an operator's screen.
func sentence(message string) string {
	first, size := utf8.DecodeRuneInString(message)
	message = string(unicode.ToUpper(first)) + message[size:]
	if !strings.HasSuffix(message, ".") {
		message += "."
	}
	return message
}
