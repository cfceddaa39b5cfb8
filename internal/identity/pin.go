package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"

	"github.com/millrace-erp/millrace/internal/problem"
	"github.com/millrace-erp/millrace/internal/sealbox"
)

// argon2id as OWASP advises for 19 MiB: about 27 ms.
const (
	argonTime    = 2
	argonMemory  = 19 << 10 // KiB
	argonThreads = 1
	argonLength  = 32
	saltLength   = 16
	// mostWaiting is how many PINs may wait for their turn: what 40 log-ins at the start of
	// a shift need, and not what somebody needs who wants the processors for himself.
	mostWaiting = 64
)

// pins hashes PINs, a few at once.
type pins struct {
	box     *sealbox.Box
	turns   chan struct{}
	waiting atomic.Int32
	nobody  string // the hash of the PIN that nobody has
}

func newPINs(box *sealbox.Box) *pins {
	p := &pins{box: box, turns: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)))}
	var salt, none [saltLength]byte
	_, _ = rand.Read(salt[:]) // never fails
	_, _ = rand.Read(none[:])
	// It holds no hash of anything: no PIN is right.
	p.nobody = encodeHash(salt[:], append(none[:], none[:]...))
	return p
}

// turn waits for one. A caller that gets no error must call done.
func (p *pins) turn(ctx context.Context) (done func(), err error) {
	if p.waiting.Add(1) > mostWaiting+int32(cap(p.turns)) {
		p.waiting.Add(-1)
		return nil, problem.New(problem.TooManyLogins, "")
	}
	select {
	case p.turns <- struct{}{}:
		return func() { <-p.turns; p.waiting.Add(-1) }, nil
	case <-ctx.Done():
		p.waiting.Add(-1)
		return nil, problem.New(problem.TooManyLogins, "").Because(ctx.Err())
	}
}

// hash of a new PIN. The salt follows from the request's key, so that a repeated request is
// the same request; nobody can compute it who has not the encryption key.
func (p *pins) hash(requestKey, pin string) string {
	salt := p.box.Mac([]byte(requestKey), "salt of a PIN")[:saltLength]
	return encodeHash(salt, argon2.IDKey([]byte(pin), salt, argonTime, argonMemory, argonThreads, argonLength))
}

func encodeHash(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// isRight says whether hash is the PIN's. Without a hash it takes as long to say no.
func (p *pins) isRight(hash, pin string) bool {
	if hash == "" {
		hash = p.nobody
	}
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	var (
		memory, time uint32
		threads      uint8
	)
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil || threads == 0 || time == 0 || memory > 1<<20 || time > 100 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	sum, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(sum) == 0 {
		return false
	}
	return subtle.ConstantTimeCompare(sum, argon2.IDKey([]byte(pin), salt, time, memory, threads, uint32(len(sum)))) == 1
}

// isWeak tells PINs that are the first to be tried: the same digit all along, or one after
// the other up or down.
func isWeak(pin string) bool {
	isSame, isUp, isDown := true, true, true
	for i := 1; i < len(pin); i++ {
		isSame = isSame && pin[i] == pin[i-1]
		isUp = isUp && pin[i] == '0'+(pin[i-1]-'0'+1)%10
		isDown = isDown && pin[i] == '0'+(pin[i-1]-'0'+9)%10
	}
	return isSame || isUp || isDown
}
