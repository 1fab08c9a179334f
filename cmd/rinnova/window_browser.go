// SPDX-License-Identifier: EUPL-1.2

//go:build !window

package main

import (
	"context"

	"rinnova.example/go/citizen/desktop"
)

// withoutArguments are the arguments of a program without a web view that was started without any.
var withoutArguments = []string{"--help"}

func (c *windowCommand) show(ctx context.Context, p *program, cfg desktop.Config) error {
	return c.inBrowser(ctx, p, cfg)
}
