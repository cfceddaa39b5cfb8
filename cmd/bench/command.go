package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"time"
)

const (
	items     = 10000
	locations = 10
	// retryShare and refusalShare are how many commands in a hundred are sent again, or ask for more than
	// there is.
	retryShare   = 5
	refusalShare = 5
)

// stock is how many balances a part posts to.
type stock int

const (
	oneItem         stock = 1
	thousand        stock = 1000
	hundredThousand stock = 100000
)

func (s stock) String() string {
	switch s {
	case oneItem:
		return "one item"
	case thousand:
		return "1,000"
	default:
		return "100,000"
	}
}

// command is one movement that a client asks for.
type command struct {
	key         [36]byte
	item        int // from 1
	from, to    int // from 1; to is 0 when the goods are scrapped
	quantity    string
	isExcessive bool // asks for more than there is
	isRetry     bool // the same command as the one before
}

// planner makes the commands of one client.
type planner struct {
	random  *mathrand.Rand
	stock   stock
	lines   int
	isPlain bool // no retries and no refusals
	sent    bool
	last    command
	// Of a UUIDv7 the first half is time; the rest is the client and a counter, scrambled.
	node    [8]byte
	counter uint64
}

func newPlanner(client int, s stock, lines int, isPlain bool) *planner {
	p := &planner{random: mathrand.New(mathrand.NewPCG(uint64(client), uint64(s)*10+uint64(lines))), stock: s, lines: lines, isPlain: isPlain}
	_, _ = rand.Read(p.node[:]) // never fails
	return p
}

// quantities that are asked for; the last is more than any balance holds.
var quantities = [...]string{"1", "2", "3", "5", "8", "900000000000"}

func (p *planner) next() *command {
	if !p.isPlain && p.sent && p.random.IntN(100) < retryShare {
		p.last.isRetry = true
		return &p.last
	}
	c := &p.last
	p.sent = true
	c.isRetry = false
	p.writeKey(&c.key)
	c.to = 0
	switch p.stock {
	case oneItem:
		c.item, c.from = 1, 1
		if p.lines == 2 {
			c.from = 1 + p.random.IntN(2)
			c.to = 3 - c.from
		}
	default:
		c.item = 1 + p.random.IntN(int(p.stock)/locations)
		c.from = 1 + p.random.IntN(locations)
		if p.lines == 2 {
			c.to = 1 + (c.from-1+1+p.random.IntN(locations-1))%locations
		}
	}
	c.isExcessive = !p.isPlain && p.random.IntN(100) < refusalShare
	if c.isExcessive {
		c.quantity = quantities[len(quantities)-1]
	} else {
		c.quantity = quantities[p.random.IntN(len(quantities)-1)]
	}
	return c
}

// writeKey writes a UUID of version 7.
func (p *planner) writeKey(key *[36]byte) {
	var id [16]byte
	p.counter++
	copy(id[8:], p.node[:])
	binary.BigEndian.PutUint64(id[:8], uint64(time.Now().UnixMilli())<<16|p.counter&0xfff)
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	binary.BigEndian.PutUint32(id[12:], binary.BigEndian.Uint32(p.node[4:])+uint32(p.counter>>12))
	hex.Encode(key[:8], id[:4])
	key[8] = '-'
	hex.Encode(key[9:13], id[4:6])
	key[13] = '-'
	hex.Encode(key[14:18], id[6:8])
	key[18] = '-'
	hex.Encode(key[19:23], id[8:10])
	key[23] = '-'
	hex.Encode(key[24:], id[10:])
}

// Names of what sql/factory.sql made.
var itemNames, locationNames = func() (items_, locations_ []string) {
	items_ = make([]string, items+1)
	for i := range items_ {
		items_[i] = fmt.Sprintf("I-%05d", i)
	}
	locations_ = make([]string, locations+1)
	for i := range locations_ {
		locations_[i] = fmt.Sprintf("L-%02d", i)
	}
	return items_, locations_
}()

// operation is the OpenAPI name of the command's operation.
func (c *command) operation() string {
	if c.to == 0 {
		return "scrap-stock"
	}
	return "transfer-stock"
}

// appendBody appends the command's JSON.
func (c *command) appendBody(b []byte) []byte {
	b = append(b, `{"item":"`...)
	b = append(b, itemNames[c.item]...)
	b = append(b, `","from":"`...)
	b = append(b, locationNames[c.from]...)
	if c.to == 0 {
		b = append(b, `","reason":"BROKEN`...)
	} else {
		b = append(b, `","to":"`...)
		b = append(b, locationNames[c.to]...)
	}
	b = append(b, `","quantity":"`...)
	b = append(b, c.quantity...)
	return append(b, `"}`...)
}
