package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace-erp/millrace/internal/audit/internal/db"
)

// part is what a seal says of one ledger.
type part struct {
	Ledger  string   `json:"ledger"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
	Root    string   `json:"root"`
	Prints  string   `json:"prints"`
}

// seal is one link of the chain.
type seal struct {
	number      int64
	incarnation int32
	from, to    string // transactions
	rows        int64
	previous    []byte
	sealedAt    time.Time
	parts       []part // by ledger

	hash      []byte
	keyID     string
	signature []byte
}

// statement is what is hashed and signed: everything that a seal says, as text that people can read.
func (s *seal) statement() string {
	var b strings.Builder
	fmt.Fprintf(&b, "millrace seal 1\nnumber %d\nincarnation %d\nfrom %s\nto %s\nrows %d\nsealed_at %s\nprevious %s\n",
		s.number, s.incarnation, s.from, s.to, s.rows, s.sealedAt.UTC().Format("2006-01-02T15:04:05.000000Z"), hex.EncodeToString(s.previous))
	for _, p := range s.parts {
		fmt.Fprintf(&b, "part %s rows %d root %s prints %s columns %s\n", p.Ledger, p.Rows, p.Root, p.Prints, strings.Join(p.Columns, ","))
	}
	return b.String()
}

func hashOf(statement string) []byte {
	sum := sha256.Sum256([]byte(statement))
	return sum[:]
}

// signedOf is what the key signs: nothing else that is ever signed begins like this.
func signedOf(hash []byte) []byte { return append([]byte("millrace seal 1 head\x00"), hash...) }

func readSeal(row db.ListSealsRow) (seal, error) {
	s := seal{
		number: row.Number, incarnation: row.Incarnation, from: row.FromTransactionID, to: row.ToTransactionID, rows: row.RowCount,
		previous: row.Previous, sealedAt: row.SealedAt, hash: row.Hash, keyID: row.KeyID, signature: row.Signature,
	}
	if err := json.Unmarshal(row.Parts, &s.parts); err != nil {
		return s, fmt.Errorf("read the parts of seal %d: %w", s.number, err)
	}
	// The database may order texts by another rule.
	slices.SortFunc(s.parts, func(a, b part) int { return strings.Compare(a.Ledger, b.Ledger) })
	return s, nil
}

// Head is what leaves the host of each seal: whoever has it can prove what the database said.
type Head struct {
	Seal      int64     `json:"seal"`
	Hash      string    `json:"hash"`
	SealedAt  time.Time `json:"sealed_at"`
	Statement string    `json:"statement"`
	Key       string    `json:"key,omitempty"`
	Signature string    `json:"signature,omitempty"`
}

func (s *seal) head() Head {
	head := Head{Seal: s.number, Hash: hex.EncodeToString(s.hash), SealedAt: s.sealedAt.UTC(), Statement: s.statement(), Key: s.keyID}
	if len(s.signature) > 0 {
		head.Signature = base64.StdEncoding.EncodeToString(s.signature)
	}
	return head
}

// line is the head as one line of JSON.
func (h Head) line() []byte {
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // it is made of texts and a time
	}
	return append(text, '\n')
}

// SigningKey signs heads. It is kept outside the database.
type SigningKey struct{ private ed25519.PrivateKey }

// VerifyKeys are public keys by their id; several while keys change.
type VerifyKeys map[string]ed25519.PublicKey

// NewSigningKey makes a key and gives it as PEM, private and public.
func NewSigningKey() (private, public []byte, err error) {
	publicKey, privateKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(privateKey)
	if err != nil {
		return nil, nil, err
	}
	public, err = encodePublic(publicKey)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), public, err
}

func encodePublic(key ed25519.PublicKey) ([]byte, error) {
	encoded, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded}), nil
}

// ReadSigningKey reads a private key (PEM, PKCS #8, Ed25519). An empty text is no key.
func ReadSigningKey(text string) (*SigningKey, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil //nolint:nilnil // no key is what a plant that signs nothing has
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("there is no private key in it (PEM, PKCS #8)")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("its private key cannot be read (PKCS #8)") // the cause might tell of the key
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("its private key is not one of Ed25519")
	}
	return &SigningKey{private}, nil
}

// Public is the key that verifies what this one signs, as PEM.
func (k *SigningKey) Public() ([]byte, error) { return encodePublic(k.public()) }

func (k *SigningKey) public() ed25519.PublicKey { return ed25519.PublicKey(k.private[32:]) }

func (k *SigningKey) sign(s *seal) {
	s.keyID = keyID(k.public())
	s.signature = ed25519.Sign(k.private, signedOf(s.hash))
}

func keyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// ReadVerifyKeys reads all public keys of a PEM text.
func ReadVerifyKeys(text []byte) (VerifyKeys, error) {
	keys := VerifyKeys{}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read a public key: %w", err)
		}
		key, ok := parsed.(ed25519.PublicKey)
		if !ok {
			return nil, errors.New("a public key is not one of Ed25519")
		}
		keys[keyID(key)] = key
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no public key (PEM) in it")
	}
	return keys, nil
}

// check says what is wrong with a signature, or nothing.
func (keys VerifyKeys) check(hash []byte, id string, signature []byte) string {
	key, known := keys[id]
	switch {
	case len(signature) == 0:
		return "it is not signed"
	case !known:
		return fmt.Sprintf("it is signed by key %s, which is not one of those given", id)
	case !ed25519.Verify(key, signedOf(hash), signature):
		return "its signature is wrong"
	}
	return ""
}

// readHead reads a line of exported heads and holds it to itself.
func readHead(line []byte, keys VerifyKeys) (Head, error) {
	var head Head
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&head); err != nil {
		return head, fmt.Errorf("it is no head: %w", err)
	}
	if hex.EncodeToString(hashOf(head.Statement)) != head.Hash || !strings.HasPrefix(head.Statement, fmt.Sprintf("millrace seal 1\nnumber %d\n", head.Seal)) {
		return head, errors.New("its hash is not that of its statement")
	}
	if keys != nil {
		signature, err := base64.StdEncoding.DecodeString(head.Signature)
		if err != nil {
			return head, errors.New("its signature cannot be read")
		}
		if wrong := keys.check(hashOf(head.Statement), head.Key, signature); wrong != "" {
			return head, errors.New(wrong)
		}
	}
	return head, nil
}
