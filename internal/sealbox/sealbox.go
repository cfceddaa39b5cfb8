// Package sealbox encrypts the few secrets that must be had in the clear to be used and yet
// lie in the database: keys that others' messages or tokens are signed with. Whoever reads
// the database, its replica, its backups or its log reads nothing of them; the key comes
// from the servers' environment.
//
// Sealed text is AES-256-GCM with a random nonce. It names its key and is bound to a
// purpose: text that was sealed for one row does not open for another.
package sealbox

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const (
	// KeySize is the length of a key in bytes.
	KeySize = 32
	// Overhead is by how many bytes sealed text is longer than what it holds.
	Overhead = headerSize + 12 + 16

	version    = 1
	idSize     = 4
	headerSize = 1 + idSize
)

var (
	// ErrUnknownKey is told of text that was sealed with a key that the box does not have.
	ErrUnknownKey = errors.New("it was sealed with another encryption key than the ones of MILLRACE_ENCRYPTION_KEY")
	// ErrForged is told of text that was changed, cut off, or sealed for another purpose.
	ErrForged = errors.New("it is not what was sealed for this purpose")
)

// Box seals with one key and opens with any of its keys. Any number may use it at once.
type Box struct {
	keys []key // the first one seals
}

type key struct {
	id   [idSize]byte
	aead cipher.AEAD
	mac  [sha256.Size]byte // the key of Mac
}

// New is a box that seals with the first key and opens with all of them.
func New(keys ...[]byte) (*Box, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no encryption key")
	}
	b := &Box{}
	for _, k := range keys {
		if len(k) != KeySize {
			return nil, fmt.Errorf("an encryption key has %d bytes, not %d", KeySize, len(k))
		}
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		one := key{aead: aead}
		sum := sha256.Sum256(append([]byte("millrace key "), k...))
		copy(one.id[:], sum[:])
		derived := hmac.New(sha256.New, k)
		derived.Write([]byte("millrace mac"))
		derived.Sum(one.mac[:0])
		for _, other := range b.keys {
			if other.id == one.id {
				return nil, errors.New("an encryption key is named twice")
			}
		}
		b.keys = append(b.keys, one)
	}
	return b, nil
}

// Parse is [New] for keys in base64, as NewKey makes them and the environment holds them.
func Parse(keys ...string) (*Box, error) {
	raw := make([][]byte, len(keys))
	for i, text := range keys {
		k, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(k) != KeySize {
			return nil, fmt.Errorf("an encryption key is %d random bytes in base64, as openssl rand -base64 %d makes them", KeySize, KeySize)
		}
		raw[i] = k
	}
	return New(raw...)
}

// NewKey makes a key, in base64.
func NewKey() string {
	k := make([]byte, KeySize)
	_, _ = rand.Read(k) // never fails
	return base64.StdEncoding.EncodeToString(k)
}

// Seal encrypts the secret for a purpose, such as "webhook/SHOP": what it is and whose.
func (b *Box) Seal(secret []byte, purpose string) []byte {
	k := b.keys[0]
	sealed := append([]byte{version}, k.id[:]...)
	return k.aead.Seal(sealed, nil, secret, bound(sealed, purpose))
}

// Open gives back what Seal encrypted for the purpose.
func (b *Box) Open(sealed []byte, purpose string) ([]byte, error) {
	if len(sealed) < Overhead || sealed[0] != version {
		return nil, ErrForged
	}
	header := sealed[:headerSize]
	for _, k := range b.keys {
		if !bytes.Equal(k.id[:], header[1:]) {
			continue
		}
		secret, err := k.aead.Open(nil, nil, sealed[headerSize:], bound(header, purpose))
		if err != nil {
			return nil, ErrForged
		}
		return secret, nil
	}
	return nil, ErrUnknownKey
}

// Mac is the HMAC of data for a purpose, under the key that seals: what is kept of a secret
// that is too short for a plain hash.
func (b *Box) Mac(data []byte, purpose string) []byte {
	h := hmac.New(sha256.New, b.keys[0].mac[:])
	h.Write(append([]byte(purpose), 0))
	h.Write(data)
	return h.Sum(nil)
}

// IsCurrent says whether the text was sealed with the key that seals now. Text that was not
// is opened and sealed again before its key may go.
func (b *Box) IsCurrent(sealed []byte) bool {
	return len(sealed) >= Overhead && sealed[0] == version && bytes.Equal(sealed[1:headerSize], b.keys[0].id[:])
}

// bound is what the encryption vouches for without hiding it.
func bound(header []byte, purpose string) []byte {
	return append(bytes.Clone(header[:headerSize]), purpose...)
}
