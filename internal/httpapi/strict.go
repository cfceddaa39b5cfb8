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
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/millrace-erp/millrace/internal/problem"
)

// bodyTimeout is how long a body may take to arrive.
const bodyTimeout = 10 * time.Second

// smallBody is the longest body for which room is made before it has come.
const smallBody = 16 << 10

// hasBody says whether requests of the method have a body.
func hasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// take reads the body and refuses whatever is wrong with it as JSON, whatever its
// schema: what it lets through has one meaning, and Postgres can store it.
func (e *exchange) take(r *http.Request) (document, *problem.Problem) {
	if p := checkMediaType(r.Header); p != nil {
		return document{}, p
	}
	body, p := readBody(&e.recorder, r)
	if p != nil {
		return document{}, p
	}
	d, p := checkJSON(body)
	if p != nil {
		return document{}, p
	}
	e.body = body
	if d.hasNull {
		e.body = withoutNulls(body)
	}
	return d, nil
}

// document is a body and what it says.
type document struct {
	text    []byte
	value   any // as decoding into an any makes it
	hasNull bool
	isOdd   bool // holds a number that no float64 does, which value cannot say
}

func checkMediaType(h http.Header) *problem.Problem {
	if isCompressed(h) {
		return problem.New(problem.UnsupportedMediaType, "A compressed body is not taken.")
	}
	if h.Get("Content-Type") == "" {
		return problem.New(problem.UnsupportedMediaType, "The body must say Content-Type: application/json.")
	}
	if h.Get("Content-Type") == "application/json" {
		return nil
	}
	mediaType, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || mediaType != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return problem.New(problem.UnsupportedMediaType, "The body must be application/json in UTF-8.")
	}
	return nil
}

func isCompressed(h http.Header) bool {
	encoding := h.Get("Content-Encoding")
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *problem.Problem) {
	var (
		body []byte
		err  error
	)
	if r.ContentLength > 0 && r.ContentLength <= smallBody {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	}
	var (
		tooLarge *http.MaxBytesError
		network  net.Error
	)
	switch {
	case err == nil:
	case errors.As(err, &tooLarge):
		return nil, problem.New(problem.TooLarge, "The body may have "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes at most.")
	case errors.As(err, &network) && network.Timeout():
		return nil, problem.New(problem.TooSlow, "")
	default:
		return nil, problem.New(problem.Malformed, "The body ended before it was complete.")
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // not every connection has one
	return body, nil
}

// checkJSON holds the body to be exactly one JSON value in valid UTF-8, no object naming
// a member twice, no NUL, not nested beyond reason.
func checkJSON(body []byte) (document, *problem.Problem) {
	if len(bytes.TrimSpace(body)) == 0 {
		return document{}, problem.New(problem.Malformed, "The body is missing.").With("body", "missing")
	}
	malformed := func(detail, message string) (document, *problem.Problem) {
		return document{}, problem.New(problem.Malformed, detail).With("body", message)
	}
	decoder := decoders.Get().(*jsontext.Decoder)
	decoder.Reset(bytes.NewBuffer(body))
	defer decoders.Put(decoder)
	d := document{text: body}
	var built builder
	for {
		token, err := decoder.ReadToken()
		switch {
		case err == io.EOF: //nolint:errorlint // the decoder's documented end
			d.value, d.isOdd = built.root, built.isOdd
			return d, nil
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
		kind, text := token.Kind(), ""
		switch kind {
		case 'n':
			d.hasNull = true
		case '"', '0':
			text = token.String()
		}
		if kind == '"' && strings.IndexByte(text, 0) >= 0 {
			return malformed("The body holds a NUL character.", "holds a NUL character")
		}
		if kind == '"' && turnsText(text) {
			return malformed("The body holds characters that turn the direction of text round.", "holds a character of direction")
		}
		built.add(kind, text)
		if decoder.StackDepth() == 0 && len(bytes.TrimSpace(body[decoder.InputOffset():])) > 0 {
			return malformed("The body holds more than one JSON value.", "more than one JSON value")
		}
	}
}

// turnsText says whether s holds one of U+202A to U+202E or U+2066 to U+2069: they make people
// read another text than the one that is there.
func turnsText(s string) bool {
	for {
		at := strings.IndexByte(s, 0xe2)
		if at < 0 || at+2 >= len(s) {
			return false
		}
		last := s[at+2]
		if (s[at+1] == 0x80 && last >= 0xaa && last <= 0xae) || (s[at+1] == 0x81 && last >= 0xa6 && last <= 0xa9) {
			return true
		}
		s = s[at+3:]
	}
}

var decoders = sync.Pool{New: func() any { return jsontext.NewDecoder(strings.NewReader("")) }}

// builder puts a value together from its tokens.
type builder struct {
	root  any
	open  []container // from the outside in
	inner container   // the last one, that is not in open
	isOdd bool
}

// container is an object or a list whose end has not come yet.
type container struct {
	object map[string]any // nil for a list
	list   []any
	name   string // of the member whose value comes next
	named  bool
}

func (b *builder) add(kind jsontext.Kind, text string) {
	switch kind {
	case '{':
		b.open = append(b.open, b.inner)
		b.inner = container{object: make(map[string]any, 8)}
	case '[':
		b.open = append(b.open, b.inner)
		b.inner = container{list: []any{}}
	case '}', ']':
		var value any = b.inner.object
		if b.inner.object == nil {
			value = b.inner.list
		}
		last := len(b.open) - 1
		b.inner, b.open = b.open[last], b.open[:last]
		b.put(value)
	case '"':
		if b.inner.object != nil && !b.inner.named {
			b.inner.name, b.inner.named = text, true
			return
		}
		b.put(text)
	case '0':
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			b.isOdd = true
		}
		b.put(number)
	case 't', 'f':
		b.put(kind == 't')
	default:
		b.put(nil)
	}
}

func (b *builder) put(value any) {
	switch {
	case len(b.open) == 0:
		b.root = value
	case b.inner.object != nil:
		b.inner.object[b.inner.name], b.inner.named = value, false
	default:
		b.inner.list = append(b.inner.list, value)
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
