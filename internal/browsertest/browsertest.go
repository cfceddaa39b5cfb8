// Package browsertest drives Chromium for tests of the screens: taps as a finger makes them, and scans as scanners
// type them.
package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for something that must come. Nothing is asserted by it but that it comes at all.
const patience = 3 * time.Minute

// Page is a tab of a browser profile of the test's own.
type Page struct {
	t       testing.TB
	ctx     context.Context //nolint:containedctx // chromedp keeps the tab in it
	profile context.Context //nolint:containedctx // an empty tab, which keeps the profile while others close
	workers map[target.ID]context.Context
}

var (
	folder    string // of the profiles
	isStarted atomic.Bool
)

// browser is one Chromium for all tests of a package; each page has a profile of its own in it.
var browser = sync.OnceValues(func() (context.Context, error) {
	program, err := find()
	if err != nil {
		return nil, err
	}
	isStarted.Store(true)
	folder, err = os.MkdirTemp("", "millrace-chromium-")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(folder),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		// A name that is not this machine, so that plain http is what it is in a plant: no secure context.
		chromedp.Flag("host-resolver-rules", "MAP factory.test 127.0.0.1"),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-video-capture", filepath.Join(folder, "camera.mjpeg")),
		chromedp.Flag("lang", "en"),
	)
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return ctx, nil
})

// Close ends the browser. TestMain calls it.
func Close() {
	if !isStarted.Load() {
		return
	}
	if ctx, err := browser(); err == nil {
		_ = chromedp.Cancel(ctx)
	}
	_ = os.RemoveAll(folder)
}

// Camera puts the picture before the camera of all pages.
func Camera(t testing.TB, picture image.Image) {
	t.Helper()
	if _, err := browser(); err != nil {
		t.Fatal(err)
	}
	var film bytes.Buffer
	for range 3 {
		if err := jpeg.Encode(&film, picture, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "camera.mjpeg"), film.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func find() (string, error) {
	if program := os.Getenv("MILLRACE_CHROMIUM"); program != "" {
		return program, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", errors.New("the tests of the screens need Chromium: apt-get install chromium, or name another one in MILLRACE_CHROMIUM")
}

// Open opens a tab with a fresh profile at the address.
func Open(t testing.TB, address string) *Page {
	t.Helper()
	parent, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	profile, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(profile); err != nil {
		t.Fatal(err)
	}
	p := &Page{t: t, profile: profile}
	return p.Again(address)
}

// Again opens another tab of the same profile.
func (p *Page) Again(address string) *Page {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(p.profile)
	p.t.Cleanup(cancel)
	next := &Page{t: p.t, ctx: ctx, profile: p.profile}
	next.start(address)
	return next
}

func (p *Page) start(address string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx); err != nil {
		p.t.Fatal(err)
	}
	console := chromedp.Events(p.ctx, cdpruntime.ConsoleAPICalled)
	go func() {
		for event, err := range console {
			if err != nil {
				return
			}
			if event.Type == "error" || event.Type == "warning" {
				var words []string
				for _, argument := range event.Args {
					words = append(words, argument.Description+string(argument.Value))
				}
				p.logf("console: %s", strings.Join(words, " "))
			}
		}
	}()
	exceptions := chromedp.Events(p.ctx, cdpruntime.ExceptionThrown)
	go func() {
		for event, err := range exceptions {
			if err != nil {
				return
			}
			text := event.ExceptionDetails.Text
			if event.ExceptionDetails.Exception != nil {
				text += " " + event.ExceptionDetails.Exception.Description
			}
			p.logf("exception: %s", text)
		}
	}()
	p.do(chromedp.EmulateViewport(360, 640, chromedp.EmulateTouch))
	if times, err := strconv.ParseFloat(os.Getenv("MILLRACE_BROWSER_SLOWER"), 64); err == nil {
		p.Slower(times)
	}
	p.do(chromedp.Navigate(address))
}

// Slower lets the scripts of the page run so many times slower. MILLRACE_BROWSER_SLOWER does it for all pages.
func (p *Page) Slower(times float64) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: times})
		return err
	}))
}

// Sync gives what sends Background Sync to the service worker of the origin, when the browser thinks that there is a network.
// The page may be elsewhere by then.
func (p *Page) Sync(origin, tag string) (send func()) {
	p.t.Helper()
	registrations := chromedp.Events(p.ctx, serviceworker.WorkerRegistrationUpdated)
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, serviceworker.Enable, cdp.Empty{})
		return err
	}))
	var id serviceworker.RegistrationID
	for event, err := range registrations {
		if err != nil {
			p.t.Fatal(err)
		}
		for _, registration := range event.Registrations {
			if strings.HasPrefix(registration.ScopeURL, origin) {
				id = registration.RegistrationID
			}
		}
		if id != "" {
			break
		}
	}
	return func() {
		p.t.Helper()
		p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, serviceworker.DispatchSyncEvent, serviceworker.DispatchSyncEventParams{Origin: origin, RegistrationID: id, Tag: tag})
			return err
		}))
	}
}

// logf tells what the page says, as long as the test is there to hear it.
func (p *Page) logf(format string, values ...any) {
	defer func() { _ = recover() }()
	if p.ctx.Err() == nil {
		p.t.Logf(format, values...)
	}
}

// Log tells it in the test's output.
func (p *Page) Log(text string) { p.t.Helper(); p.t.Log(text) }

func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// Navigate goes to the address.
func (p *Page) Navigate(address string) { p.t.Helper(); p.do(chromedp.Navigate(address)) }

// Reload loads the page again.
func (p *Page) Reload() { p.t.Helper(); p.do(chromedp.Reload()) }

// Close closes the tab.
func (p *Page) Close() { _ = chromedp.Cancel(p.ctx) }

// Size makes the screen so many CSS pixels wide and high.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(int64(width), int64(height), chromedp.EmulateTouch))
}

// Media sets a feature that style sheets ask for, such as prefers-contrast.
func (p *Page) Media(feature, value string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}})
		return err
	}))
}

// Eval gives what the expression comes to. It may be a promise.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	value, err := eval[T](p, expression)
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func eval[T any](p *Page, expression string) (T, error) {
	var value T
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		`(async () => JSON.stringify(await (`+expression+`)) ?? 'null')()`, func(params *cdpruntime.EvaluateParams) { params.AwaitPromise = new(true) }))
	if err != nil {
		return value, err
	}
	return value, json.Unmarshal([]byte(text), &value)
}

// Wait waits until the expression is true.
func (p *Page) Wait(expression string) {
	p.t.Helper()
	if !p.Comes(expression, patience) {
		p.Shot("failed")
		p.t.Fatalf("this does not come true: %s\non the screen: %s", expression, Eval[string](p, `document.body.innerText.replace(/\n+/g, ' | ').slice(0, 1500)`))
	}
}

// Comes says whether the expression becomes true in time.
func (p *Page) Comes(expression string, within time.Duration) bool {
	p.t.Helper()
	end := time.Now().Add(within)
	for {
		// While a page is being loaded it has no answer.
		if isTrue, err := eval[bool](p, `(async () => Boolean(await (`+expression+`)))()`); err == nil && isTrue {
			return true
		}
		if p.ctx.Err() != nil {
			p.t.Fatal(p.ctx.Err())
		}
		if time.Now().After(end) {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Has waits until something fits the selector and is on the screen.
func (p *Page) Has(selector string) {
	p.t.Helper()
	p.Wait(`document.querySelector(` + strconv.Quote(selector) + `)`)
}

// Tap puts a finger on the first thing that fits the selector, once it is there and can be used.
func (p *Page) Tap(selector string) {
	p.t.Helper()
	x, y := p.middle(selector)
	p.do(chromedp.TapXY(x, y))
}

// Hold keeps the finger there for more than a second.
func (p *Page) Hold(selector string) {
	p.t.Helper()
	x, y := p.middle(selector)
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
			return err
		}))
	}
	touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: x, Y: y})
	time.Sleep(1300 * time.Millisecond)
	touch(input.DispatchTouchEventTypeTouchEnd)
}

func (p *Page) middle(selector string) (x, y float64) {
	p.t.Helper()
	// It is there, can be used, stays where it is, and nothing lies on it.
	still := `(async () => {
		const e = document.querySelector(` + strconv.Quote(selector) + `);
		if (!e || e.disabled) return null;
		e.scrollIntoView({block: 'center', behavior: 'instant'});
		const a = e.getBoundingClientRect();
		await new Promise((resolve) => setTimeout(resolve, 40));
		const b = e.getBoundingClientRect(), x = b.x + b.width / 2, y = b.y + b.height / 2;
		return e.isConnected && a.x === b.x && a.y === b.y && a.width && e.contains(document.elementFromPoint(x, y)) ? {x, y} : null;
	})()`
	p.Wait(still)
	at := Eval[struct{ X, Y float64 }](p, still)
	return at.X, at.Y
}

// Scan types the text as a keyboard wedge does: fast, with Enter at its end. FNC1 is Ctrl-]. The keys bear the times that
// a scanner gives them, however busy this machine is.
func (p *Page) Scan(text string) {
	p.t.Helper()
	at := float64(time.Now().UnixMicro()) / 1e6
	p.keys(text+"\r", func() float64 { at += 0.004; return at })
}

// ScanNow types it with the times at which the keys come here: what is measured from them is true.
func (p *Page) ScanNow(text string) {
	p.t.Helper()
	p.keys(text+"\r", func() float64 { return float64(time.Now().UnixMicro()) / 1e6 })
}

func (p *Page) keys(text string, clock func() float64) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, character := range text {
			at := input.TimeSinceEpoch(clock())
			key, typed, modifiers, code := string(character), string(character), int64(0), int64(0)
			switch character {
			case '\r':
				key, typed, code = "Enter", "", 13
			case '\b':
				key, typed, code = "Backspace", "", 8
			case '\x1d':
				key, typed, modifiers = "]", "", 2
			}
			events := []input.DispatchKeyEventParams{{Type: input.DispatchKeyEventTypeRawKeyDown, Key: key, Modifiers: modifiers, WindowsVirtualKeyCode: code}}
			if typed != "" {
				events = append(events, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeChar, Key: key, Text: typed})
			}
			events = append(events, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key, Modifiers: modifiers, WindowsVirtualKeyCode: code})
			for _, event := range events {
				event.Timestamp = at
				if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, event); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// Press presses the keys one after the other, as a hand does: so many milliseconds from one to the next.
func (p *Page) Press(apart float64, keys string) {
	p.t.Helper()
	at := float64(time.Now().UnixMicro()) / 1e6
	p.keys(keys, func() float64 { at += apart / 1000; return at })
	time.Sleep(time.Until(time.UnixMicro(int64(at * 1e6)))) // they bear times to come
}

// Insert puts the text into the focused field at once, as Android's DataWedge does.
func (p *Page) Insert(text string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// Offline cuts the page off the network, and the service worker with it, or lets both back.
func (p *Page) Offline(isOffline bool) {
	p.t.Helper()
	p.cut(p.ctx, isOffline)
	infos, err := chromedp.Targets(p.ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	mine := chromedp.FromContext(p.profile).BrowserContextID
	for _, info := range infos {
		if info.Type == "service_worker" && info.BrowserContextID == mine {
			p.cutWorker(info, isOffline)
		}
	}
}

func (p *Page) cutWorker(info *target.Info, isOffline bool) {
	// What is set holds as long as we are attached, and each that is attached has a say of its own.
	worker := p.workers[info.TargetID]
	if worker == nil {
		var cancel context.CancelFunc
		worker, cancel = chromedp.NewContext(p.ctx, chromedp.WithTargetID(info.TargetID), chromedp.WithDetachOnCancel())
		p.t.Cleanup(cancel)
		if p.workers == nil {
			p.workers = map[target.ID]context.Context{}
		}
		p.workers[info.TargetID] = worker
	}
	p.cut(worker, isOffline)
}

func (p *Page) cut(ctx context.Context, isOffline bool) {
	p.t.Helper()
	if err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, t, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Offline: isOffline, DownloadThroughput: -1, UploadThroughput: -1}},
		}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: isOffline, DownloadThroughput: -1, UploadThroughput: -1})
		return err
	})); err != nil {
		p.t.Fatal(err)
	}
}

// Shot gives a picture of the screen. It is written to the folder that MILLRACE_SCREENS names, if it does.
func (p *Page) Shot(name string) []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Logf("no picture of %s: %v", name, err)
		return nil
	}
	if folder := os.Getenv("MILLRACE_SCREENS"); folder != "" {
		file := filepath.Join(folder, strings.NewReplacer("/", "-", " ", "-").Replace(name)+".png")
		if err := errors.Join(os.MkdirAll(folder, 0o750), os.WriteFile(file, picture, 0o600)); err != nil {
			p.t.Error(err)
		}
	}
	return picture
}

// Picture gives a picture of the screen as WebP, of a quality up to 100.
func (p *Page) Picture(quality int) []byte {
	p.t.Helper()
	var picture []byte
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		q := int64(quality)
		answer, err := cdp.Call(ctx, t, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{Format: cdppage.CaptureScreenshotFormatWebp, Quality: &q})
		if err == nil {
			picture = answer.Data
		}
		return err
	}))
	return picture
}
