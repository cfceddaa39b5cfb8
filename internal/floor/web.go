package floor

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/millrace-erp/millrace/internal/httpapi"
)

//go:embed web
var web embed.FS

// asset is a file of the screens.
type asset struct {
	mediaType string
	etag      string
	plain     []byte
	gzipped   []byte // nil where it saves nothing
}

// mediaTypes of the files. What is not named here is not served.
var mediaTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".json":        "application/json",
	".webmanifest": "application/manifest+json",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".wasm":        "application/wasm",
}

// isShell says whether the service worker keeps the file from the start: all but the camera, which comes when somebody opens
// it, and what asks the server and is nothing without it.
func isShell(name string) bool {
	return name != "sw.js" && !slices.Contains([]string{"lib/camera.js", "screens/camera.js", "screens/look_up.js", "screens/genealogy.js"}, name) && !isText(name) && name != "vendor/vendored.json" && !strings.HasPrefix(name, "vendor/zxing") &&
		!strings.HasPrefix(name, "icons/") && !strings.HasPrefix(name, "board/") && !strings.HasPrefix(name, "desk/")
}

// isText says whether the file holds the texts of one language.
func isText(name string) bool { return strings.HasPrefix(name, "i18n/") && name != textsName }

// textsName is the file of all texts: the names of them once, and then each language in their order.
const textsName = "i18n/texts.json"

// texts writes it.
func texts() ([]byte, error) {
	all := map[string][]string{}
	var names []string
	for _, language := range []string{"en", "de", "tr"} {
		file, err := web.ReadFile("web/i18n/" + language + ".json")
		if err != nil {
			return nil, err
		}
		var byName map[string]string
		if err := json.Unmarshal(file, &byName); err != nil {
			return nil, err
		}
		if names == nil {
			names = slices.Sorted(maps.Keys(byName))
		}
		for _, name := range names {
			all[language] = append(all[language], byName[name])
		}
	}
	all["names"] = names
	return json.Marshal(all)
}

// screens are the files by their path under web, and the version that all of them make.
var screens = sync.OnceValue(func() map[string]*asset {
	assets := map[string]*asset{}
	sum := sha256.New()
	var shell []string
	err := fs.WalkDir(web, "web", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || mediaTypes[path.Ext(name)] == "" {
			return err
		}
		content, err := web.ReadFile(name)
		if err != nil {
			return err
		}
		name = strings.TrimPrefix(name, "web/")
		switch {
		case strings.HasPrefix(name, "vendor/"):
		case path.Ext(name) == ".js":
			content = slim(content)
		case path.Ext(name) == ".css":
			content = space.ReplaceAll(comment.ReplaceAll(content, nil), []byte("$1"))
		}
		assets[name] = newAsset(name, content)
		_, _ = sum.Write(append([]byte(name), content...)) // never fails
		if isShell(name) {
			shell = append(shell, name)
		}
		return nil
	})
	if err != nil {
		panic(err) // the files are in the binary
	}
	all, err := texts()
	if err != nil {
		panic(err) // a test reads them
	}
	assets[textsName] = newAsset(textsName, all)
	shell = append(shell, textsName)
	slices.Sort(shell)
	list, err := json.Marshal(shell)
	if err != nil {
		panic(err) // strings
	}
	version := hex.EncodeToString(sum.Sum(nil))[:12]
	worker := strings.NewReplacer(`"VERSION"`, `"`+version+`"`, `"SHELL"`, string(list)).Replace(string(assets["sw.js"].plain))
	assets["sw.js"] = newAsset("sw.js", []byte(worker))
	assets["version.json"] = newAsset("version.json", []byte(`{"version":"`+version+`"}`))
	return assets
})

// comment and space of a style sheet are for those who read it.
var (
	comment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	space   = regexp.MustCompile(`([{};:,])\s+`)
)

// slim takes comments and the indentation away. Lines keep their numbers.
func slim(script []byte) []byte {
	lines := bytes.Split(script, []byte("\n"))
	for i, line := range lines {
		lines[i] = bytes.TrimSpace(line)
		if bytes.HasPrefix(lines[i], []byte("//")) {
			lines[i] = nil
		}
		// Behind a statement it is a comment where no text is open.
		if code, _, ok := bytes.Cut(lines[i], []byte(" // ")); ok && bytes.Count(code, []byte("'"))%2 == 0 && bytes.Count(code, []byte("`"))%2 == 0 {
			lines[i] = bytes.TrimSpace(code)
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

func newAsset(name string, content []byte) *asset {
	digest := sha256.Sum256(content)
	a := &asset{mediaType: mediaTypes[path.Ext(name)], plain: content, etag: `"` + base64.RawURLEncoding.EncodeToString(digest[:12]) + `"`}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level exists
	_, _ = w.Write(content)                                    // into memory
	_ = w.Close()
	if packed.Len() < len(content) {
		a.gzipped = packed.Bytes()
	}
	return a
}

// Screens serves the screens of operators at /floor/.
func Screens() http.Handler { return pages("/floor/", "") }

// Boards serves the boards for people who look at /board/.
func Boards() http.Handler { return pages("/board/", "board/") }

// Desk serves the screens of offices at /desk/.
func Desk() http.Handler { return pages("/desk/", "desk/") }

// pages serves the files of a folder under a path.
func pages(under, folder string) http.Handler {
	return httpapi.Pages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, under)
		if name == "" {
			name = "index.html"
		}
		a := screens()[folder+name]
		if a == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.mediaType)
		h.Set("ETag", a.etag)
		h.Set("Vary", "Accept-Encoding")
		if r.Header.Get("If-None-Match") == a.etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		body := a.plain
		if a.gzipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = a.gzipped
		}
		if r.Method == http.MethodHead {
			return
		}
		_, _ = w.Write(body) // a client that is gone needs no file
	}))
}

// Redirect leads from /floor to /floor/, and so with the others.
func Redirect(to string) http.Handler { return http.RedirectHandler(to, http.StatusPermanentRedirect) }

// Bytes is what the screens of operators are, compressed: everything but the camera and its reader.
func Bytes() int {
	total := 0
	for name, a := range screens() {
		switch {
		case !isShell(name) && !slices.Contains([]string{"sw.js", "screens/look_up.js", "screens/genealogy.js"}, name):
		case a.gzipped != nil:
			total += len(a.gzipped)
		default:
			total += len(a.plain)
		}
	}
	return total
}
