// SPDX-License-Identifier: EUPL-1.2

//go:build window

package main

import (
	"context"
	"net/http"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/options/windows"
	"github.com/wailsapp/wails/v2/pkg/runtime"

	"rinnova.example/go/citizen/desktop"
)

// withoutArguments are the arguments of a program with a web view that was started without any: it opens the window.
var withoutArguments = []string{"window"}

// show opens a window of the program's own, or the browser if the system has no web view.
func (c *windowCommand) show(ctx context.Context, p *program, cfg desktop.Config) error {
	if c.Browser || !webView() {
		return c.inBrowser(ctx, p, cfg)
	}
	var shell context.Context // Wails', from its start on
	cfg.Quit = func() {
		if shell != nil {
			runtime.Quit(shell)
		}
	}
	cfg.Examined.WebView = webView
	w := desktop.New(cfg)
	defer w.Close()
	return wails.Run(&options.App{
		Title: "Rinnova", Width: width, Height: lowest, MinWidth: 320, MinHeight: lowest,
		// The window's handler answers every request; Wails has no files and no bindings of its own.
		AssetServer: &assetserver.Options{Handler: w.Handler(),
			Middleware: func(http.Handler) http.Handler { return w.Handler() }},
		OnStartup: func(started context.Context) {
			shell = started
			fit(started)
			context.AfterFunc(ctx, func() { runtime.Quit(started) })
		},
		// True keeps the window open: the page asks first while a renewal runs. At the end of a session there is no
		// question.
		OnBeforeClose:    func(context.Context) bool { return ctx.Err() == nil && !w.RequestClose() },
		BackgroundColour: options.NewRGB(238, 243, 244),
		Linux:            &linux.Options{ProgramName: "rinnova"},
		Windows: &windows.Options{IsZoomControlEnabled: true, Messages: &windows.Messages{
			InstallationRequired: "Serve il componente WebView2 di Microsoft.",
			UpdateRequired:       "Il componente WebView2 va aggiornato.", MissingRequirements: "Manca un componente",
			Webview2NotInstalled: "WebView2 non è installato.", Error: "Errore",
			FailedToInstall:  "Il componente non è stato installato.",
			DownloadPage:     "https://developer.microsoft.com/microsoft-edge/webview2/",
			PressOKToInstall: "Premi OK per installarlo.", ContactAdmin: "Rivolgiti a chi gestisce il computer.",
			InvalidFixedWebview2: "Il componente WebView2 indicato non è valido.",
			WebView2ProcessCrash: "Il componente WebView2 si è interrotto: riapri il programma."}},
	})
}

// The window's size in pixels where the screen has room for it. It opens at the lowest, and then asks for the screen.
const (
	width, height = 1000, 840
	lowest        = 480
	bars          = 100 // of the system and of the window
)

// fit makes the window as high as the screen has room for, and puts it in the middle of that. WindowCenter goes by the
// size before.
func fit(ctx context.Context) {
	screens, err := runtime.ScreenGetAll(ctx)
	if err != nil {
		return
	}
	for _, s := range screens {
		if s.IsCurrent {
			wide, room := min(width, s.Size.Width), s.Size.Height-bars
			high := min(height, max(lowest, room))
			runtime.WindowSetSize(ctx, wide, high)
			runtime.WindowSetPosition(ctx, (s.Size.Width-wide)/2, max(0, room-high)/2)
		}
	}
}
