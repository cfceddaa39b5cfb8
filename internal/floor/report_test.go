package floor_test

import (
	"bytes"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// report is a folder with pictures of every screen and a page that shows them with what the lint says: make screens.
type report struct {
	folder string
	began  time.Time
	Shots  []shots
}

type shots struct {
	Name     string
	Faults   []string
	Pictures []picture
}

type picture struct {
	File, Title string
	Width       int
}

// chosen are the variants that are worth a picture.
var chosen = []struct {
	name     string
	size     viewport
	language string
	hand     string
	contrast string
}{
	{"handheld", viewport{360, 640}, "en", "right", "normal"},
	{"smallest", viewport{320, 533}, "de", "left", "normal"},
	{"rugged", viewport{480, 800}, "tr", "right", "high"},
	{"tablet", viewport{800, 1280}, "de", "right", "normal"},
	{"landscape", viewport{1280, 800}, "tr", "left", "normal"},
	{"terminal", viewport{1920, 1080}, "en", "right", "high"},
}

func newReport(t *testing.T) *report {
	t.Helper()
	folder := os.Getenv("MILLRACE_SCREENS_REPORT")
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	return &report{folder: folder, began: time.Now()}
}

func fileName(name string) string {
	return strings.NewReplacer(" ", "-", ":", "", ",", "", "=", "-", "/", "-").Replace(name)
}

func (r *report) add(g *glove, name string, in []string, faults []fault) {
	g.t.Helper()
	one := shots{Name: name, Faults: grouped(faults)}
	for _, c := range chosen {
		language := c.language
		if len(in) == 1 {
			language = in[0]
		}
		g.page.Size(c.size.width, c.size.height)
		g.wear(language, c.hand, c.contrast)
		file := fileName(name) + "-" + c.name + ".webp"
		if err := os.WriteFile(filepath.Join(r.folder, file), g.page.Picture(80), 0o600); err != nil {
			g.t.Fatal(err)
		}
		one.Pictures = append(one.Pictures, picture{File: file, Title: fmt.Sprintf("%d × %d, %s, %s hand, %s contrast", c.size.width, c.size.height, language, c.hand, c.contrast), Width: c.size.width})
	}
	r.Shots = append(r.Shots, one)
	fmt.Fprintf(os.Stderr, "%6.1f s  %-40s %d faults\n", time.Since(r.began).Seconds(), name, len(one.Faults))
}

var reportPage = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Millrace: the screens</title>
<style>
body { font: 16px/1.4 system-ui, sans-serif; margin: 24px; background: #eef1f4; color: #10202e; }
section { margin-bottom: 32px; } h2 { margin: 0 0 8px; }
.row { display: flex; gap: 16px; overflow-x: auto; align-items: flex-start; padding-bottom: 8px; }
figure { margin: 0; flex: none; } img { display: block; border: 1px solid #8796a6; max-height: 560px; width: auto; background: #fff; }
figcaption { font-size: 13px; color: #45576a; } .ok { color: #0b6b3a; } .no { color: #b3141f; } nav a { margin-right: 10px; }
</style>
<h1>The screens</h1>
<p>{{len .Shots}} screens, each linted in {{.Variants}} variants in {{.Seconds}} s: <b class="{{if .Faults}}no{{else}}ok{{end}}">{{.Faults}} faults</b>.</p>
<nav>{{range $i, $s := .Shots}}<a href="#s{{$i}}" {{if .Faults}}class="no"{{end}}>{{.Name}}</a>{{end}}</nav>
{{range $i, $s := .Shots}}<section id="s{{$i}}"><h2>{{.Name}}</h2>
{{if .Faults}}<ul class="no">{{range .Faults}}<li>{{.}}</li>{{end}}</ul>{{else}}<p class="ok">✓ nothing to mend</p>{{end}}
<div class="row">{{range .Pictures}}<figure><a href="{{.File}}"><img loading="lazy" src="{{.File}}" alt="{{.Title}}"></a><figcaption>{{.Title}}</figcaption></figure>{{end}}</div></section>
{{end}}</html>
`))

func (r *report) write(t *testing.T, faults []fault) {
	t.Helper()
	var page bytes.Buffer
	if err := reportPage.Execute(&page, map[string]any{
		"Shots": r.Shots, "Faults": len(faults), "Seconds": int(time.Since(r.began).Seconds()),
		"Variants": len(viewports) * len(languages) * len(sides) * len(contrasts),
	}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(r.folder, "index.html")
	if err := os.WriteFile(file, page.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "%s\n", file)
}
