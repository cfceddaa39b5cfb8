package audit

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Heads are heads that were sent off, as they came back.
type Heads struct {
	keys  VerifyKeys
	heads map[int64]knownHead
	last  int64
	wrong []Finding
	torn  int64
}

type knownHead struct {
	hash   [32]byte
	isSeen bool
}

// maxHeadLine bounds one head: the names of all columns of all ledgers.
const maxHeadLine = 1 << 20

// NewHeads has none yet. Keys, if there are any, must have signed every head.
func NewHeads(keys VerifyKeys) *Heads { return &Heads{keys: keys, heads: map[int64]knownHead{}} }

// Read adds the heads of a file: JSON, one a line.
func (h *Heads) Read(name string, from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxHeadLine)
	for number := 1; lines.Scan(); number++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			// It was cut off when a worker died; the next one sent it again.
			h.torn++
			continue
		}
		head, err := readHead(line, h.keys)
		if err != nil {
			h.wrong = append(h.wrong, Finding{Kind: Unread, Detail: fmt.Sprintf("line %d of %s: %s", number, name, err)})
			continue
		}
		sum, _ := hex.DecodeString(head.Hash) // it is that of the statement
		known, isKnown := h.heads[head.Seal]
		if isKnown && !bytes.Equal(known.hash[:], sum) {
			h.wrong = append(h.wrong, Finding{Kind: Rewritten, Seal: head.Seal, Detail: fmt.Sprintf("two heads of it were sent off, the second in line %d of %s", number, name)})
			continue
		}
		h.heads[head.Seal] = knownHead{hash: [32]byte(sum)}
		h.last = max(h.last, head.Seal)
	}
	return lines.Err()
}

// compare says what is wrong with a seal by its head, and whether there is one.
func (h *Heads) compare(s *seal) (wrong string, isKnown bool) {
	head, isKnown := h.heads[s.number]
	if !isKnown {
		return "", false
	}
	head.isSeen = true
	h.heads[s.number] = head
	if !bytes.Equal(head.hash[:], hashOf(s.statement())) || !bytes.Equal(head.hash[:], s.hash) {
		return fmt.Sprintf("its head was sent off with hash %s, and it has %s", hex.EncodeToString(head.hash[:]), hex.EncodeToString(s.hash)), true
	}
	return "", true
}

// lost are seals whose heads nobody has compared, as ranges.
func (h *Heads) lost() []Finding {
	var (
		lost        []Finding
		first, last int64
	)
	end := func() {
		switch first {
		case 0:
		case last:
			lost = append(lost, Finding{Kind: Lost, Seal: first, Detail: "its head was sent off, and it is not there"})
		default:
			lost = append(lost, Finding{Kind: Lost, Seal: first, Detail: fmt.Sprintf("the heads of this seal and of all up to %d were sent off, and they are not there", last)})
		}
	}
	for _, number := range slices.Sorted(maps.Keys(h.heads)) {
		if h.heads[number].isSeen {
			continue
		}
		if first == 0 || number != last+1 {
			end()
			first = number
		}
		last = number
	}
	end()
	return lost
}
