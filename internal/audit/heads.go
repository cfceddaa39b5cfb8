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
	"strings"
	"time"
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
	at     time.Time
	isSeen bool
	// isOther says that the seal of that number is another one.
	isOther bool
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
		h.heads[head.Seal] = knownHead{hash: [32]byte(sum), at: sealedAt(head.Statement)}
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
	head.isOther = !bytes.Equal(head.hash[:], hashOf(s.statement())) || !bytes.Equal(head.hash[:], s.hash)
	h.heads[s.number] = head
	if head.isOther {
		return fmt.Sprintf("its head was sent off with hash %s, and it has %s", hex.EncodeToString(head.hash[:]), hex.EncodeToString(s.hash)), true
	}
	return "", true
}

// SetBack is what heads look like after the database was restored to an older state, or after its end was cut off: all that were
// sent off after one seal are of a life that is not here.
type SetBack struct {
	// After is the last seal that is here and was sent off, and At when it was made. Zero: none is.
	After int64
	At    time.Time
	// Until is the last head of the life that is not here, and UntilAt when its seal was made.
	Until   int64
	UntilAt time.Time
}

// String is the whole as a sentence.
func (s SetBack) String() string {
	here := "before its first seal"
	if s.After > 0 {
		here = fmt.Sprintf("after seal %d of %s", s.After, s.At.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("the database was set back to where it stood %s: heads were sent off up to seal %d of %s, and what they sealed is not here",
		here, s.Until, s.UntilAt.UTC().Format(time.RFC3339))
}

// setBack says whether the heads are those of a database that was set back.
func (h *Heads) setBack() *SetBack {
	found := SetBack{}
	for _, number := range slices.Sorted(maps.Keys(h.heads)) {
		head := h.heads[number]
		switch {
		case !head.isSeen || head.isOther:
			found.Until, found.UntilAt = number, head.at
		case found.Until > 0:
			return nil // one in the middle
		default:
			found.After, found.At = number, head.at
		}
	}
	if found.Until == 0 {
		return nil
	}
	return &found
}

// sealedAt is when a seal was made, as its statement says.
func sealedAt(statement string) time.Time {
	_, after, _ := strings.Cut(statement, "\nsealed_at ")
	text, _, _ := strings.Cut(after, "\n")
	at, _ := time.Parse(time.RFC3339, text) // zero when it says nothing of the kind
	return at
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
