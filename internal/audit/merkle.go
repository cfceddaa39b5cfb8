package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// hash is a SHA-256.
type hash = [sha256.Size]byte

// Leaves and nodes of a Merkle tree begin differently, so that none can be taken for the other (RFC 6962).
const (
	leafPrefix = 0x00
	nodePrefix = 0x01
)

// appendRow appends the canonical bytes of a row: each value in turn, null told from empty, its length before it so that
// no two rows have the same bytes.
func appendRow(buffer []byte, values [][]byte) []byte {
	for _, value := range values {
		if value == nil {
			buffer = append(buffer, 0)
			continue
		}
		buffer = append(buffer, 1)
		buffer = binary.BigEndian.AppendUint64(buffer, uint64(len(value)))
		buffer = append(buffer, value...)
	}
	return buffer
}

// leafOf is the hash of a row; buffer is scratch space and is given back.
func leafOf(buffer []byte, values [][]byte) (hash, []byte) {
	buffer = appendRow(append(buffer[:0], leafPrefix), values)
	return sha256.Sum256(buffer), buffer
}

func nodeOf(left, right hash) hash {
	var node [1 + 2*sha256.Size]byte
	node[0] = nodePrefix
	copy(node[1:], left[:])
	copy(node[1+sha256.Size:], right[:])
	return sha256.Sum256(node[:])
}

// tree computes the root over hashes as they come, and keeps one hash for each of its levels. Its inputs are leaves, or
// roots of full subtrees of one size with a smaller one at the end: the root is the same.
type tree struct {
	count uint64
	stack []hash
}

func (t *tree) add(h hash) {
	for range bits.TrailingZeros64(^t.count) {
		h = nodeOf(t.stack[len(t.stack)-1], h)
		t.stack = t.stack[:len(t.stack)-1]
	}
	t.stack = append(t.stack, h)
	t.count++
}

// root of what was added; that of nothing is the hash of nothing.
func (t *tree) root() hash {
	if len(t.stack) == 0 {
		return sha256.Sum256(nil)
	}
	root := t.stack[len(t.stack)-1]
	for i := len(t.stack) - 2; i >= 0; i-- {
		root = nodeOf(t.stack[i], root)
	}
	return root
}

func (t *tree) reset() { t.count, t.stack = 0, t.stack[:0] }
