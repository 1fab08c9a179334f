// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"slices"

	"rinnova.example/go/card/iso7816"
)

const (
	sw6CXX        iso7816.SW = 0x6C00
	sw61XX        iso7816.SW = 0x6100
	swNoDiagnosis iso7816.SW = 0x6F00
	chained                  = 0x10 // CLA bit 5
	// assumed: how much a chain of commands may bring; the longest one described is a key component.
	chainLimit = 1024
)

// Transmit executes one command. After its error no answer left the card: power was cut by a fault, the card was
// closed, or its file could not be written.
func (c *Card) Transmit(command []byte) ([]byte, error) {
	fault := c.ask(command)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil, errGone
	}
	c.fault, c.pages, c.torn, c.flipped, c.dirty = fault, 0, false, false, false
	if c.fault.Cut == CutBefore {
		c.lose()
		return nil, errGone
	}
	var data []byte
	sw := c.fault.SW
	if sw == 0 {
		data, sw = c.work(command)
	}
	if c.dirty && c.store != nil {
		if err := c.store.write(c); err != nil {
			c.lose()
			return nil, err
		}
	}
	if c.fault.Cut != NoCut {
		c.lose()
		return nil, errGone
	}
	if c.fault.Flip > 0 && !c.flipped && len(data) > 0 {
		data = slices.Clone(data)
		flip(data, c.fault.Flip)
	}
	if _, counted := sw.Tries(); counted && c.fault.HideTries {
		sw = iso7816.SWAuthFailed
	}
	return append(slices.Clone(data), byte(sw>>8), byte(sw)), nil
}

// ask calls the hook without the lock, so that the hook may inspect or clone the card.
func (c *Card) ask(command []byte) Fault {
	c.mu.Lock()
	hook, index := c.hook, c.index
	if hook == nil || c.gone {
		c.mu.Unlock()
		return Fault{}
	}
	c.index++
	c.mu.Unlock()
	return hook(index, command)
}

func (c *Card) lose() {
	c.drop()
	c.gone = true
}

// work decodes commands, joins chains and cuts answers to the expected length.
func (c *Card) work(command []byte) ([]byte, iso7816.SW) {
	pending := c.pending
	c.pending = nil
	cmd, err := iso7816.ParseCommand(command)
	if err != nil {
		c.chain = nil
		return nil, iso7816.SWWrongLength
	}
	// An extended length field starts with 00 and takes three bytes at least (ISO/IEC 7816-4 §5.2).
	if len(command) > 5 && command[4] == 0 && (!c.model.ExtendedLength.Value || c.fault.RefuseExtended) {
		c.chain = nil
		return nil, iso7816.SWWrongLength
	}
	if cmd.CLA != 0x00 && cmd.CLA != chained && (cmd.CLA != 0x90 || cmd.INS != 0x24) {
		c.chain = nil
		return nil, iso7816.SWClass
	}
	if cmd.INS == iso7816.INSGetResponse {
		c.chain = nil
		return c.getResponse(cmd, pending)
	}
	cmd, sw := c.gather(cmd)
	if sw != 0 {
		return nil, sw
	}
	data, sw := c.dispatch(cmd)
	return c.fit(data, sw, cmd.Ne)
}

// fit returns the expected number of bytes and keeps the rest for GET RESPONSE (ISO/IEC 7816-4 §5.3.4).
func (c *Card) fit(data []byte, sw iso7816.SW, ne int) ([]byte, iso7816.SW) {
	if len(data) <= ne || sw != iso7816.SWOK && sw != iso7816.SWDeactivated {
		return data, sw
	}
	c.pending = data[ne:]
	return data[:ne], sw61XX | remaining(len(c.pending))
}

// remaining is SW2 of 61xx and 6Cxx, in which 00 stands for 256 or more.
func remaining(n int) iso7816.SW { return iso7816.SW(min(n, iso7816.NeShort) & 0xFF) }

func (c *Card) getResponse(cmd iso7816.Command, pending []byte) ([]byte, iso7816.SW) {
	switch {
	case cmd.CLA != 0x00:
		return nil, iso7816.SWClass
	case cmd.P1 != 0 || cmd.P2 != 0:
		return nil, iso7816.SWWrongP1P2
	case len(pending) == 0:
		return nil, iso7816.SWConditions
	case len(cmd.Data) > 0 || cmd.Ne == 0:
		return nil, iso7816.SWWrongLength
	case cmd.Ne > len(pending) && cmd.Ne != iso7816.NeShort:
		c.pending = pending
		return nil, sw6CXX | remaining(len(pending))
	}
	return c.fit(pending, iso7816.SWOK, cmd.Ne)
}

// gather joins the parts of a chain (ISO/IEC 7816-4 §5.3.3) and returns the whole command, or the status
// word to answer. Chains are taken for PSO and PUT DATA, whose data may be longer than a short APDU
// (docs/CARDS.md §4.4); anything else in a chain gets 6884, anything but the next part in the midst of one 6883.
func (c *Card) gather(cmd iso7816.Command) (iso7816.Command, iso7816.SW) {
	more := cmd.CLA == chained // in the proprietary class 90 the bit means nothing
	if more {
		cmd.CLA = 0x00
	}
	first := c.chain
	if !more && first == nil {
		return cmd, 0
	}
	c.chain = nil
	if more && cmd.INS != 0x2A && cmd.INS != 0xDA {
		return cmd, iso7816.SWChaining
	}
	if first != nil && (cmd.INS != first.INS || cmd.P1 != first.P1 || cmd.P2 != first.P2) {
		return cmd, iso7816.SWLastExpected
	}
	whole := cmd
	if first != nil {
		whole.Data = slices.Concat(first.Data, cmd.Data)
	} else {
		whole.Data = slices.Clone(cmd.Data)
	}
	if len(cmd.Data) == 0 || len(whole.Data) > chainLimit {
		return cmd, iso7816.SWWrongLength
	}
	if more {
		c.chain = &whole
		return cmd, iso7816.SWOK
	}
	return whole, 0
}

func (c *Card) dispatch(cmd iso7816.Command) ([]byte, iso7816.SW) {
	switch cmd.INS {
	case iso7816.INSSelect:
		return c.selectFile(cmd)
	case iso7816.INSReadBinary:
		return c.readBinary(cmd)
	case iso7816.INSUpdateBinary:
		return c.updateBinary(cmd)
	case iso7816.INSReadRecord:
		return c.readRecord(cmd)
	case iso7816.INSAppendRecord:
		return c.appendRecord(cmd)
	case iso7816.INSUpdateRecord:
		return c.updateRecord(cmd)
	case iso7816.INSCreateFile:
		return c.createFile(cmd)
	case iso7816.INSDeleteFile:
		return c.deleteFile(cmd)
	case iso7816.INSDeactivateFile, iso7816.INSActivateFile:
		return c.switchFile(cmd)
	case iso7816.INSVerify:
		return c.verify(cmd)
	case iso7816.INSChangeReferenceData:
		if cmd.CLA != 0 {
			return c.changeKey(cmd)
		}
		return c.changeCode(cmd)
	case iso7816.INSResetRetryCounter:
		return c.resetCounter(cmd)
	case iso7816.INSManageSecurityEnvironment:
		return c.manageEnvironment(cmd)
	case iso7816.INSPerformSecurityOperation:
		return c.perform(cmd)
	case iso7816.INSGenerateKeyPair:
		return c.generate(cmd)
	case iso7816.INSPutData:
		return c.putData(cmd)
	case iso7816.INSGetData:
		return c.getData(cmd)
	case iso7816.INSGetChallenge:
		return c.challenge(cmd)
	}
	return nil, iso7816.SWInstruction
}
