// SPDX-License-Identifier: EUPL-1.2

// Command sbom writes the bill of materials of a program, CycloneDX 1.5: the Go modules that its builds say they are
// made of, and the npm packages of its front end. The same programs give the same bytes.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/alecthomas/kong"
)

type arguments struct {
	Name     string    `required:"" help:"Program."`
	Version  string    `required:"" help:"Its version."`
	Time     time.Time `required:"" help:"RFC 3339 time of the bill."`
	NPM      string    `name:"npm" placeholder:"FILE" help:"Front end's packages, as npm sbom prints them."`
	To       string    `required:"" placeholder:"FILE" help:"Where the bill goes."`
	Programs []string  `arg:"" help:"Builds of the program, one for each platform."`
}

func main() {
	var a arguments
	kong.Parse(&a)
	if err := a.write(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (a *arguments) write() error {
	var npm cdx.BOM
	if a.NPM != "" {
		f, err := os.Open(a.NPM)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := cdx.NewBOMDecoder(f, cdx.BOMFileFormatJSON).Decode(&npm); err != nil {
			return fmt.Errorf("%s: %w", a.NPM, err)
		}
		if npm.Components == nil || len(*npm.Components) == 0 {
			return fmt.Errorf("%s lists no packages", a.NPM)
		}
	}
	modules, err := modules(a.Programs)
	if err != nil {
		return err
	}
	bom, err := a.bill(modules, &npm)
	if err != nil {
		return err
	}
	f, err := os.Create(a.To)
	if err != nil {
		return err
	}
	err = cdx.NewBOMEncoder(f, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_5)
	return errors.Join(err, f.Close())
}

// modules returns the modules of all builds, and the standard library of their compiler. It refuses a build of
// another compiler, and one without a list of its modules.
func modules(programs []string) ([]cdx.Component, error) {
	found := map[string]cdx.Component{}
	compiler := ""
	for _, p := range programs {
		info, err := buildinfo.ReadFile(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		if compiler != "" && info.GoVersion != compiler {
			return nil, fmt.Errorf("%s is made with %s, others with %s", p, info.GoVersion, compiler)
		}
		compiler = info.GoVersion
		if len(info.Deps) == 0 {
			return nil, fmt.Errorf("%s names no modules", p)
		}
		for _, d := range info.Deps {
			if d.Replace != nil {
				d = d.Replace
			}
			purl := "pkg:golang/" + d.Path + "@" + d.Version
			found[purl] = cdx.Component{BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: d.Path, Version: d.Version,
				PackageURL: purl, Scope: cdx.ScopeRequired,
				Properties: &[]cdx.Property{{Name: "go:sum", Value: d.Sum}}}
		}
	}
	release := strings.TrimPrefix(compiler, "go")
	std := "pkg:golang/std@" + release
	found[std] = cdx.Component{BOMRef: std, Type: cdx.ComponentTypeLibrary, Name: "std", Version: release,
		PackageURL: std, Scope: cdx.ScopeRequired}
	var list []cdx.Component
	for _, c := range found {
		list = append(list, c)
	}
	slices.SortFunc(list, func(x, y cdx.Component) int { return strings.Compare(x.BOMRef, y.BOMRef) })
	return list, nil
}

func (a *arguments) bill(components []cdx.Component, npm *cdx.BOM) (*cdx.BOM, error) {
	self := "pkg:generic/" + a.Name + "@" + a.Version
	direct := cdx.Dependency{Ref: self, Dependencies: &[]string{}}
	for _, c := range components {
		*direct.Dependencies = append(*direct.Dependencies, c.BOMRef)
	}
	dependencies := []cdx.Dependency{direct}
	if npm.Components != nil {
		components = append(components, *npm.Components...)
		for _, d := range *npm.Dependencies {
			if d.Ref != npm.Metadata.Component.BOMRef {
				dependencies = append(dependencies, d)
			} else if d.Dependencies != nil {
				*direct.Dependencies = append(*direct.Dependencies, *d.Dependencies...)
			}
		}
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Timestamp: a.Time.UTC().Format(time.RFC3339),
		Component: &cdx.Component{BOMRef: self, Type: cdx.ComponentTypeApplication, Name: a.Name, Version: a.Version,
			PackageURL: self,
			Licenses:   &cdx.Licenses{{License: &cdx.License{ID: "EUPL-1.2"}}}}}
	bom.Components, bom.Dependencies = &components, &dependencies
	content, err := json.Marshal(bom)
	if err != nil {
		return nil, err
	}
	// RFC 9562, version 8: of the content, so that the same bill has the same number.
	n := sha256.Sum256(content)
	n[6], n[8] = n[6]&0x0f|0x80, n[8]&0x3f|0x80
	bom.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", n[:4], n[4:6], n[6:8], n[8:10], n[10:16])
	return bom, nil
}
