// SPDX-License-Identifier: EUPL-1.2
import { useState } from 'preact/hooks'
import { t } from '../i18n'
import { Icon } from '../parts/icon'

const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0']

/** Whether the keypad is open: the same for the PUK as for the PIN before it. */
let openBefore = false

/** The on-screen keypad, and the button that opens it. */
export function Keypad({ id, onDigit, onErase }: {
  id: string; onDigit: (digit: string) => void; onErase: () => void
}) {
  const c = t().prompt
  const [open, setOpen] = useState(openBefore)
  const toggle = () => {
    openBefore = !open
    setOpen(openBefore)
  }
  return (
    <>
      <button
        type="button" class="btn btn-link keypad-toggle" aria-expanded={open} aria-controls={id} onClick={toggle}
      ><Icon name="keypad" />{c.keypad}</button>
      <div class="keypad" id={id} role="group" aria-label={c.keypad} hidden={!open}>
        {digits.map((d) => (
          <button key={d} type="button" class="key" aria-label={c.digit(d)} onClick={() => { onDigit(d) }}>{d}</button>
        ))}
        <button type="button" class="key" aria-label={c.erase} onClick={onErase}><Icon name="erase" /></button>
      </div>
    </>
  )
}
