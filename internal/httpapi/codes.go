package httpapi

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/millrace-erp/millrace/internal/problem"
)

// codes tells where in a body codes stand. Two codes that look the same to people are to be
// the same: what a pattern cannot say of a code is held here.
type codes struct {
	isCode  bool
	members map[string]*codes
	items   *codes
}

// codesOf is nil for a type that holds no code.
func codesOf(t reflect.Type) *codes { return codesWithin(t, 0) }

func codesWithin(t reflect.Type, depth int) *codes {
	if t == reflect.TypeFor[Code]() {
		return &codes{isCode: true}
	}
	if depth > maxDepth { // of a type that holds itself
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return codesWithin(t.Elem(), depth)
	case reflect.Slice, reflect.Array:
		if items := codesWithin(t.Elem(), depth+1); items != nil {
			return &codes{items: items}
		}
	case reflect.Struct:
		members := map[string]*codes{}
		for i := range t.NumField() {
			field := t.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if within := codesWithin(field.Type, depth+1); within != nil && name != "" && name != "-" {
				members[name] = within
			}
		}
		if len(members) > 0 {
			return &codes{members: members}
		}
	}
	return nil
}

// check finds the first code that people could take for another one.
func (c *codes) check(value any) *problem.Problem {
	location, message := c.find(value)
	if message == "" {
		return nil
	}
	location = "body" + location
	return problem.New(problem.Invalid, sentence(location+": "+message)).With(location, message)
}

func (c *codes) find(value any) (location, message string) {
	if c == nil {
		return "", ""
	}
	switch value := value.(type) {
	case string:
		if c.isCode {
			return "", ambiguity(value)
		}
	case []any:
		for i, item := range value {
			if location, message := c.items.find(item); message != "" {
				return "[" + strconv.Itoa(i) + "]" + location, message
			}
		}
	case map[string]any:
		for name, within := range c.members {
			if location, message := within.find(value[name]); message != "" {
				return "." + name + location, message
			}
		}
	}
	return "", ""
}

// alike are the scripts whose letters look like each other's.
var alike = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek}

// ambiguity says why people could take the code for another one. It is empty if they cannot.
func ambiguity(code string) string {
	if strings.HasPrefix(code, " ") || strings.HasSuffix(code, " ") {
		return "begins or ends with a space"
	}
	isPlain := true
	for i := range len(code) {
		isPlain = isPlain && code[i] < utf8.RuneSelf
	}
	if isPlain {
		return ""
	}
	if !norm.NFC.IsNormalString(code) {
		return "is not in Unicode's normal form C"
	}
	var scripts [3]bool
	for _, r := range code {
		if r >= '\uff01' && r <= '\uff5e' {
			return "holds letters of full width"
		}
		if r != ' ' && unicode.IsSpace(r) {
			return "holds a space that is not the plain one"
		}
		for i, script := range alike {
			scripts[i] = scripts[i] || (unicode.IsLetter(r) && unicode.Is(script, r))
		}
	}
	if (scripts[0] && scripts[1]) || (scripts[0] && scripts[2]) || (scripts[1] && scripts[2]) {
		return "mixes letters of scripts that look alike"
	}
	return ""
}
