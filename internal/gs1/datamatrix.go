package gs1

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/datamatrix"
)

// Matrix is a Data Matrix symbol (ECC 200) without its quiet zone.
type Matrix struct {
	code barcode.Barcode
	data string
	// isGS1 says that FNC1 comes first.
	isGS1 bool
}

// GS1DataMatrix encodes a message as a GS1 DataMatrix symbol.
func GS1DataMatrix(m Message) (Matrix, error) {
	if err := m.Check(); err != nil {
		return Matrix{}, err
	}
	data := m.Data()
	marker := string([]byte{datamatrix.FNC1})
	code, err := datamatrix.Encode(marker + strings.ReplaceAll(data, string(separator), marker))
	if err != nil {
		return Matrix{}, fmt.Errorf("encode a Data Matrix symbol: %w", err)
	}
	return Matrix{code: code, data: data, isGS1: true}, nil
}

// DataMatrix encodes plain text as a Data Matrix symbol.
func DataMatrix(text string) (Matrix, error) {
	for _, r := range text {
		if r < ' ' || r > '~' {
			return Matrix{}, fmt.Errorf("%q cannot be put into a bar code", text)
		}
	}
	code, err := datamatrix.Encode(text)
	if err != nil {
		return Matrix{}, fmt.Errorf("encode a Data Matrix symbol: %w", err)
	}
	return Matrix{code: code, data: text}, nil
}

// Size is the number of rows and of columns.
func (m Matrix) Size() (rows, columns int) {
	bounds := m.code.Bounds()
	return bounds.Dy(), bounds.Dx()
}

// IsDark says whether a module is dark.
func (m Matrix) IsDark(row, column int) bool {
	r, _, _, _ := m.code.At(column, row).RGBA()
	return r < 0x8000
}

// ZPL is the symbol as field data of ^BX with _ as its escape: _1 is FNC1.
func (m Matrix) ZPL() string {
	data := strings.ReplaceAll(m.data, "_", "__")
	data = strings.ReplaceAll(data, string(separator), "_1")
	if m.isGS1 {
		return "_1" + data
	}
	return data
}
