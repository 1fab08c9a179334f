// SPDX-License-Identifier: EUPL-1.2

// Package guide is the guide to the renewal in fifteen steps, with its figures. The portal and the window show the
// same text. Most figures are screens of the program, made by make figures. A program built without them shows the
// description of each in its place.
package guide

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"image/png"
	"io/fs"
	"path"
)

//go:embed guide.html
var text string

// drawings are the figures that are not screens of the program: the computer's desktop, the card.
//
//go:embed figures/*.svg
var drawings embed.FS

// screens are the figures that make figures takes. Without it the folder holds one empty file.
//
//go:embed all:screens
var screens embed.FS

// Facts are what the guide says of the service that shows it.
type Facts struct {
	// Portal means that the other pages of the portal are beside the guide. Without it their names are not links.
	Portal    bool
	LoginURL  string     // of the trial login; "" where it is not known
	Campaigns []Campaign // none: the guide does not list them
}

// Campaign is a line in the list of campaigns.
type Campaign struct {
	ID, Title, LegalBasis string
	Open                  bool
}

// Link returns words as a link to a page of the portal, or as text.
func (f Facts) Link(to, words string) template.HTML {
	escaped := template.HTMLEscapeString(words)
	if !f.Portal {
		return template.HTML(escaped)
	}
	return template.HTML(fmt.Sprintf(`<a href="%s">%s</a>`, template.HTMLEscapeString(to), escaped))
}

var page = template.Must(template.New("guide").Funcs(template.FuncMap{"figure": figure}).Parse(text))

// HTML returns the guide as the content of a page: its headings begin at the second level.
func HTML(facts Facts) (template.HTML, error) {
	var b bytes.Buffer
	if err := page.Execute(&b, facts); err != nil {
		return "", fmt.Errorf("guide: %w", err)
	}
	return template.HTML(b.String()), nil
}

// The size of a drawing, in CSS pixels.
const drawingWidth, drawingHeight = 480, 250

// figure returns a numbered figure, or its description if this build has no picture of it.
func figure(number int, description string) template.HTML {
	caption := fmt.Sprintf("<figcaption>Figura %d</figcaption>", number)
	described := template.HTMLEscapeString(description)
	name := fmt.Sprintf("figura-%02d", number)
	width, height := drawingWidth, drawingHeight
	if _, err := fs.Stat(drawings, "figures/"+name+".svg"); err == nil {
		name += ".svg"
	} else if b, err := screens.ReadFile("screens/" + name + ".png"); err == nil {
		size, err := png.DecodeConfig(bytes.NewReader(b))
		if err != nil {
			panic(fmt.Sprintf("screens/%s.png: %v", name, err)) // the build is at fault
		}
		name, width, height = name+".png", size.Width, size.Height
	} else {
		return template.HTML("<figure><p>" + described + "</p>" + caption + "</figure>")
	}
	return template.HTML(fmt.Sprintf(`<figure><img src="/figure/%s" width="%d" height="%d" alt="%s">%s</figure>`,
		name, width, height, described, caption))
}

// Figure returns a picture by its file name, and its media type.
func Figure(name string) (body []byte, kind string, ok bool) {
	for _, from := range []struct {
		files       embed.FS
		dir, suffix string
		kind        string
	}{{drawings, "figures", ".svg", "image/svg+xml"}, {screens, "screens", ".png", "image/png"}} {
		if path.Ext(name) != from.suffix {
			continue
		}
		if b, err := from.files.ReadFile(from.dir + "/" + path.Base(name)); err == nil {
			return b, from.kind, true
		}
	}
	return nil, "", false
}

// Complete reports whether this build has the pictures of the program's screens.
func Complete() bool {
	found, err := fs.Glob(screens, "screens/*.png")
	return err == nil && len(found) > 0
}
