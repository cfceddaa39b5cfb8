package gs1

import (
	"errors"
	"fmt"
	"strings"
)

// Symbol is a Code 128 symbol: its characters from start to stop.
type Symbol struct{ values []int }

const (
	codeC, codeB, fnc1 = 99, 100, 102
	startB, startC     = 104, 105
	stop               = 106
)

// longest is how many characters a GS1-128 symbol carries at most.
const longest = 48

// Code128 encodes text as a plain Code 128 symbol.
func Code128(text string) (Symbol, error) {
	if text == "" || strings.ContainsRune(text, separator) {
		return Symbol{}, errors.New("there is nothing to encode")
	}
	return encode(text, false)
}

// GS1128 encodes a message as a GS1-128 symbol.
func GS1128(m Message) (Symbol, error) {
	if err := m.Check(); err != nil {
		return Symbol{}, err
	}
	data := m.Data()
	if data == "" || len(data) > longest {
		return Symbol{}, fmt.Errorf("%d characters: a GS1-128 symbol has 1 to %d", len(data), longest)
	}
	return encode(data, true)
}

// encode finds the shortest sequence of characters of the sets B and C.
func encode(data string, isGS1 bool) (Symbol, error) {
	for i := range len(data) {
		if c := data[i]; (c < ' ' || c > '~') && (!isGS1 || c != separator) {
			return Symbol{}, fmt.Errorf("%q cannot be put into a bar code", data)
		}
	}
	isPair := func(i int) bool {
		return i+1 < len(data) && isDigit(data[i]) && isDigit(data[i+1])
	}
	// cost[i][set] is the number of characters for data[i:] in a set; 0 is B, 1 is C.
	cost := make([][2]int, len(data)+1)
	inB, inC := func(i int) int { return 1 + cost[i+1][0] }, func(i int) int { return 1 + cost[i+2][1] }
	const never = 1 << 20
	for i := len(data) - 1; i >= 0; i-- {
		var b int
		c := never
		switch {
		case data[i] == separator:
			b, c = 1+cost[i+1][0], 1+cost[i+1][1]
		case isPair(i):
			b, c = inB(i), inC(i)
		default:
			b = inB(i)
		}
		cost[i] = [2]int{min(b, c+1), min(c, b+1)}
	}

	set := 0
	if cost[0][1] <= cost[0][0] {
		set = 1
	}
	s := Symbol{values: []int{startB + set}}
	if isGS1 {
		s.values = append(s.values, fnc1)
	}
	for i := 0; i < len(data); {
		step := never
		switch {
		case data[i] == separator:
			step = 1 + cost[i+1][set]
		case set == 0:
			step = inB(i)
		case isPair(i):
			step = inC(i)
		}
		if step > cost[i][set] {
			s.values = append(s.values, [2]int{codeC, codeB}[set])
			set = 1 - set
			continue
		}
		switch {
		case data[i] == separator:
			s.values = append(s.values, fnc1)
			i++
		case set == 0:
			s.values = append(s.values, int(data[i]-' '))
			i++
		default:
			s.values = append(s.values, int(data[i]-'0')*10+int(data[i+1]-'0'))
			i += 2
		}
	}
	sum := s.values[0]
	for i, v := range s.values[1:] {
		sum += (i + 1) * v
	}
	s.values = append(s.values, sum%103, stop)
	return s, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Modules is the width of the symbol without its quiet zones, in modules.
func (s Symbol) Modules() int { return 11*len(s.values) + 2 }

// Bars are the widths in modules of bars and spaces by turns, a bar first and last.
func (s Symbol) Bars() []int {
	var widths []int
	for _, v := range s.values {
		widths = append(widths, Pattern(v)...)
	}
	return widths
}

// ZPL is the symbol as field data of ^BC without a mode: each change of the set and each
// FNC1 is written out, so that the printer draws these very characters. The check character
// is the printer's.
func (s Symbol) ZPL() string {
	var b strings.Builder
	set := s.values[0]
	b.WriteString(map[int]string{startB: ">:", startC: ">;"}[set])
	for _, v := range s.values[1 : len(s.values)-2] {
		switch {
		case v == fnc1:
			b.WriteString(">8")
		case v == codeC && set == startB:
			b.WriteString(">5")
			set = startC
		case v == codeB && set == startC:
			b.WriteString(">6")
			set = startB
		case set == startC:
			fmt.Fprintf(&b, "%02d", v)
		case v == '>'-' ':
			b.WriteString(">0")
		default:
			b.WriteByte(byte(v + ' '))
		}
	}
	return b.String()
}

// Pattern gives the widths of bars and spaces of a character of Code 128.
func Pattern(value int) []int {
	widths := make([]int, len(patterns[value]))
	for i := range widths {
		widths[i] = int(patterns[value][i] - '0')
	}
	return widths
}

// patterns are those of ISO/IEC 15417, table 1.
var patterns = [107]string{
	"212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213",
	"221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132",
	"221231", "213212", "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211",
	"212123", "212321", "232121", "111323", "131123", "131321", "112313", "132113", "132311", "211313",
	"231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121", "313121", "211331",
	"231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
	"314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214",
	"112412", "122114", "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",
	"111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
	"214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311", "113141",
	"114131", "311141", "411131", "211412", "211214", "211232", "2331112",
}
