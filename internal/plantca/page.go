package plantca

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image/png"
	"os"
	"path/filepath"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Authority}}</title>
<style>body{font:18px/1.5 sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}code{overflow-wrap:anywhere}img{width:14rem;image-rendering:pixelated}@media print{a[download]{display:none}}</style>
</head><body>
<h1>{{.Authority}}</h1>
<p>Each tablet and terminal of the plant installs this certificate once. From then on it knows the plant's server, and nobody can stand in for it.</p>
<p><img alt="QR code of {{.URL}}" src="{{.QR}}"><br><a href="{{.URL}}">{{.URL}}</a></p>
<p><a download="ca.crt" href="{{.Data}}">Save ca.crt from this page</a></p>
<p>Before you install it, hold its SHA-256 fingerprint against the one on this page, which must have come to you on another way than the certificate:<br><code>{{.Fingerprint}}</code></p>
<ul>
<li><b>Android, Zebra:</b> save ca.crt; Settings, Security, Encryption and credentials, Install a certificate, CA certificate. By device management: a trusted CA of the work profile.</li>
<li><b>iPad:</b> open ca.crt, install the profile, then Settings, General, About, Certificate trust settings: switch it on.</li>
<li><b>Windows:</b> <code>certutil -addstore Root ca.crt</code> as administrator, or by group policy.</li>
<li><b>Debian:</b> copy it to <code>/usr/local/share/ca-certificates/</code>, run <code>update-ca-certificates</code>; Chromium takes it under Settings, Certificates, Authorities.</li>
</ul>
</body></html>
`))

// Page writes a page into the folder that leads people through installing the authority's
// certificate; url is where the api gives it out.
func Page(dir, url string) (file string, err error) {
	cert, err := readCertificate(filepath.Join(dir, CAFile))
	if err != nil {
		return "", err
	}
	fingerprint, err := Fingerprint(dir)
	if err != nil {
		return "", err
	}
	code, err := qr.Encode(url, qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	size := code.Bounds().Dx() * 4
	if code, err = barcode.Scale(code, size, size); err != nil {
		return "", err
	}
	var image, out bytes.Buffer
	if err := png.Encode(&image, code); err != nil {
		return "", err
	}
	data := func(mediaType string, content []byte) template.URL {
		return template.URL("data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(content)) //nolint:gosec // both are of our own making
	}
	if err := page.Execute(&out, map[string]any{
		"Authority": cert.Subject.CommonName, "URL": url, "Fingerprint": fingerprint,
		"QR": data("image/png", image.Bytes()), "Data": data("application/x-x509-ca-cert", cert.Raw),
	}); err != nil {
		return "", err
	}
	file = filepath.Join(dir, PageFile)
	return file, os.WriteFile(file, out.Bytes(), 0o600)
}
