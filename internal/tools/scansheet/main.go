// Command scansheet makes the codes of docs/datawedge.md, with which a scanner is tried, and a sheet to print them.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/png"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run("docs"); err != nil {
		fmt.Fprintln(os.Stderr, "scansheet:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	files, err := files()
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// files are all that is made, by their path under docs.
func files() (map[string][]byte, error) {
	made := map[string][]byte{}
	type printed struct {
		code
		Picture template.URL
	}
	var sheet []printed
	for _, one := range codes() {
		picture, err := one.draw()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.File, err)
		}
		var content bytes.Buffer
		if err := png.Encode(&content, picture); err != nil {
			return nil, err
		}
		made["datawedge/"+one.File+".png"] = content.Bytes()
		one.Typed = strings.ReplaceAll(one.Typed, "\x1d", "‹GS›")
		sheet = append(sheet, printed{code: one, Picture: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(content.Bytes()))})
	}
	var page bytes.Buffer
	if err := printable.Execute(&page, sheet); err != nil {
		return nil, err
	}
	made["datawedge/sheet.html"] = page.Bytes()
	return made, nil
}

var printable = template.Must(template.New("sheet").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Try a scanner</title>
<style>
@page { size: A4; margin: 12mm; }
body { font: 14px/1.35 system-ui, sans-serif; margin: 0; color: #000; }
h1 { font-size: 20px; margin: 0 0 4px; } p { margin: 0 0 8px; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 6mm 8mm; }
figure { margin: 0; break-inside: avoid; border-top: 1px solid #888; padding-top: 2mm; }
img { image-rendering: pixelated; max-width: 100%; height: 26mm; display: block; }
figcaption b { display: block; } code { font-size: 12px; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Try a scanner</h1>
<p>Open <b>Look up</b> on the screens and scan these one after the other. Each must be answered at once with what stands below it; items and
places are those of the demonstration. Cover the neighbours with your hand. Print at 100 %.</p>
<main>
{{range .}}<figure><img src="{{.Picture}}" alt="{{.Symbology}}: {{.Typed}}"><figcaption><b>{{.Symbology}}</b> <code>{{.Typed}}</code><br>{{.Reads}}</figcaption></figure>
{{end}}</main>
</body>
</html>
`))
