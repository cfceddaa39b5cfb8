package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	badgeGrant   = "urn:millrace:oauth:grant-type:badge"
	pairingGrant = "urn:millrace:oauth:grant-type:pairing"
	// desk is the device of those who name none.
	desk = "DESK"
	// spare is how long before its end a token is replaced.
	spare = 2 * time.Minute
)

// Login gets the tokens of operators: it makes them, pairs their devices, and logs them in
// with badge and PIN as people do.
type Login struct {
	// URL of the API.
	URL string
	// ClientID and Secret are a client's who may administer identity.
	ClientID, Secret string
	HTTP             *http.Client

	mu      sync.Mutex
	tokens  map[string]*heldToken // by operator and device
	devices map[string]*Paired
	people  map[string]*Employee
}

// Paired is a device that has its secret.
type Paired struct {
	once   sync.Once
	secret string
	err    error
}

// Employee is an operator with a badge.
type Employee struct {
	Badge, PIN string

	once sync.Once
	err  error
}

type heldToken struct {
	mu    sync.Mutex
	token string
	until time.Time
}

// Token is that of an operator on a device, or the client's own when both are empty.
func (l *Login) Token(ctx context.Context, operator, device string) (string, error) {
	if operator != "" && device == "" {
		device = desk
	}
	l.mu.Lock()
	if l.tokens == nil {
		l.tokens, l.devices, l.people = map[string]*heldToken{}, map[string]*Paired{}, map[string]*Employee{}
	}
	held := l.tokens[operator+"\x00"+device]
	if held == nil {
		held = &heldToken{}
		l.tokens[operator+"\x00"+device] = held
	}
	l.mu.Unlock()

	held.mu.Lock()
	defer held.mu.Unlock()
	if time.Until(held.until) > spare {
		return held.token, nil
	}
	var err error
	if operator == "" {
		held.token, held.until, err = l.clientToken(ctx)
	} else {
		held.token, held.until, err = l.operatorToken(ctx, operator, device)
	}
	return held.token, err
}

// Tokens is [Login.Token], as a [Client] wants it.
func (l *Login) Tokens() func(ctx context.Context, operator, device string) (string, error) {
	return l.Token
}

// Employee makes an operator who can log in.
func (l *Login) Employee(ctx context.Context, number string) (*Employee, error) {
	l.mu.Lock()
	e := l.people[number]
	if e == nil {
		e = &Employee{Badge: "B-" + number, PIN: newPIN()}
		l.people[number] = e
	}
	l.mu.Unlock()
	e.once.Do(func() {
		role := "supervisor"
		switch {
		case number == "demonstration":
			role = "administrator"
		case strings.HasPrefix(number, "operator-"):
			role = "operator"
		}
		e.err = l.command(ctx, "/v1/operators", object{"number": number, "name": number, "roles": []string{role}, "sites": []string{"*"}}, nil)
		if e.err == nil {
			e.err = l.command(ctx, "/v1/badges", object{"badge": e.Badge, "operator": number}, nil)
		}
		if e.err == nil {
			e.err = l.command(ctx, "/v1/operator-pins", object{"operator": number, "pin": e.PIN}, nil)
		}
	})
	return e, e.err
}

// PairingCode makes a device and a code that pairs it.
func (l *Login) PairingCode(ctx context.Context, device string) (string, error) {
	if err := l.command(ctx, "/v1/devices", object{"code": device, "name": device, "roles": []string{"administrator"}, "sites": []string{"*"}}, nil); err != nil {
		return "", err
	}
	code := ""
	err := l.command(ctx, "/v1/pairing-codes", object{"device": device}, &code)
	return code, err
}

func (l *Login) device(ctx context.Context, code string) (string, error) {
	l.mu.Lock()
	d := l.devices[code]
	if d == nil {
		d = &Paired{}
		l.devices[code] = d
	}
	l.mu.Unlock()
	d.once.Do(func() {
		var pairing string
		if pairing, d.err = l.PairingCode(ctx, code); d.err != nil {
			return
		}
		var paired grant
		paired, d.err = l.form(ctx, "", "", url.Values{"grant_type": {pairingGrant}, "pairing_code": {pairing}})
		d.secret = paired.ClientSecret
	})
	return d.secret, d.err
}

type grant struct {
	AccessToken  string `json:"access_token"`
	ExpiresIn    int    `json:"expires_in"`
	ClientSecret string `json:"client_secret"`
}

func (g grant) until() time.Time { return time.Now().Add(time.Duration(g.ExpiresIn) * time.Second) }

func (l *Login) clientToken(ctx context.Context) (string, time.Time, error) {
	g, err := l.form(ctx, l.ClientID, l.Secret, url.Values{"grant_type": {"client_credentials"}})
	return g.AccessToken, g.until(), err
}

func (l *Login) operatorToken(ctx context.Context, operator, device string) (string, time.Time, error) {
	secret, err := l.device(ctx, device)
	if err != nil {
		return "", time.Time{}, err
	}
	e, err := l.Employee(ctx, operator)
	if err != nil {
		return "", time.Time{}, err
	}
	g, err := l.form(ctx, device, secret, url.Values{"grant_type": {badgeGrant}, "badge": {e.Badge}, "pin": {e.PIN}})
	return g.AccessToken, g.until(), err
}

// form asks the token endpoint.
func (l *Login) form(ctx context.Context, client, secret string, form url.Values) (grant, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return grant{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != "" {
		request.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(secret))
	}
	response, err := l.HTTP.Do(request)
	if err != nil {
		return grant{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return grant{}, err
	}
	if response.StatusCode != http.StatusOK {
		return grant{}, fmt.Errorf("no token for %s: %d %s", client, response.StatusCode, text)
	}
	var g grant
	return g, json.Unmarshal(text, &g)
}

// command sends one with the client's own token. code, if it is there, gets the member of
// that name.
func (l *Login) command(ctx context.Context, path string, body object, code *string) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	client := &Client{URL: l.URL, Tokens: l.Tokens(), HTTP: l.HTTP}
	answer, err := client.Post(ctx, Person{}, NewKey(), path, text)
	if err != nil {
		return err
	}
	if answer.Status >= http.StatusMultipleChoices {
		return fmt.Errorf("%s was answered with %d:\n%s", path, answer.Status, Pretty(answer.Body))
	}
	if code == nil {
		return nil
	}
	var made struct {
		Code string `json:"code"`
	}
	err = json.Unmarshal(answer.Body, &made)
	*code = made.Code
	return err
}

func newPIN() string {
	n, err := rand.Int(rand.Reader, big.NewInt(900_000))
	if err != nil {
		panic(err) // there is always chance
	}
	pin := fmt.Sprint(100_000 + n.Int64())
	if strings.Count(pin, pin[:1]) == len(pin) || strings.Contains("0123456789012345", pin) || strings.Contains("5432109876543210", pin) {
		return newPIN() // these are refused
	}
	return pin
}
