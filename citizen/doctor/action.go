// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"runtime"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/failure"
)

// Action is what a window can do about a finding.
type Action string

const (
	ShowCard        Action = "card"     // leads to the card's page, with the renewal that is to be done or continued
	UnblockPIN      Action = "unblock"  // asks for the PUK and a new PIN
	AddModule       Action = "browsers" // adds our module to the browsers
	ClearCache      Action = "opensc"   // removes OpenSC's copies
	Download        Action = "download" // opens the download page
	OpenService     Action = "portal"   // opens the service's page in the browser, where a network asks for a login
	NetworkSettings Action = "network-settings"
	ProxySettings   Action = "proxy-settings"
	ClockSettings   Action = "clock-settings"
)

// remedy is what a program can do about a finding, at the window and at a terminal.
type remedy struct {
	Action
	command string
}

var forCodes = map[failure.Code]remedy{
	failure.PINBlocked:       {UnblockPIN, "rinnova pin unblock"},
	failure.NameUnresolved:   {NetworkSettings, ""},
	failure.NoRoute:          {NetworkSettings, ""},
	failure.ProxyUnreachable: {ProxySettings, ""},
	failure.ProxyScript:      {ProxySettings, ""},
	failure.ProxyUnsupported: {ProxySettings, ""},
	failure.ClockWrong:       {ClockSettings, ""},
	failure.ServicePortal:    {OpenService, ""},
	failure.ProgramTooOld:    {Download, "rinnova version --check"},
	failure.ServiceNotGiven:  {ShowCard, "rinnova service --keep"},
	failure.AlreadyRenewed:   {"", "rinnova verify"},
}

var forNotes = map[catalogue.Note]remedy{
	catalogue.NoteBegun:       {ShowCard, "rinnova renew"},
	catalogue.NoteModule:      {AddModule, "rinnova browser add"},
	catalogue.NoteSlots:       {AddModule, "rinnova browser add"},
	catalogue.NoteClock:       {ClockSettings, ""},
	catalogue.NoteNewer:       {Download, "rinnova version --check"},
	catalogue.NoteUnsupported: {Download, "rinnova version --check"},
	catalogue.NoteCache:       {ClearCache, "rinnova doctor --clear-cache"},
}

// systemCommands start the smart-card service, where a person can; those of Linux ask for the administrator's password.
var systemCommands = map[string]string{"linux": "sudo systemctl enable --now pcscd.socket"}

func (f Finding) remedy() remedy {
	switch {
	case f.Code == failure.NoSmartCardService:
		return remedy{command: systemCommands[runtime.GOOS]}
	case f.Area == catalogue.AreaCertificate && f.Level == Well && f.Code == "":
		return remedy{ShowCard, "rinnova renew"}
	case f.Note != "":
		return forNotes[f.Note]
	}
	return forCodes[f.Code]
}
