// SPDX-License-Identifier: EUPL-1.2
import type { RefObject, TargetedKeyboardEvent } from 'preact'
import { useImperativeHandle, useRef, useState } from 'preact/hooks'
import { giveCode } from '../api'
import { t } from '../i18n'
import { Icon } from '../parts/icon'
import type { Prompt } from '../generated/state'
import { Keypad } from './keypad'

export interface Sender { send: () => void }

interface Props { prompt: Prompt; sender: RefObject<Sender | null> }

/**
 * The field for a PIN or PUK, masked, with its helps. The code stays in the element: no component keeps it, and it
 * leaves the page once.
 */
export function CodeField({ prompt, sender }: Props) {
  const c = t().prompt
  const puk = prompt.kind === 'puk'
  const input = useRef<HTMLInputElement>(null)
  const sent = useRef(false)
  const [visible, setVisible] = useState(false)
  const type = (visible ? 'text' : 'password') as 'password' // Preact's types take one literal, not a choice of two
  const [hint, setHint] = useState('')
  const [error, setError] = useState(problem(prompt))

  useImperativeHandle(sender, () => ({
    send: () => {
      const field = input.current!
      if (sent.current) return
      if (field.value === '') {
        setError(c.empty)
        field.focus()
        return
      }
      sent.current = true
      const code = field.value
      field.value = ''
      void giveCode(prompt.id, code)
    },
  }))

  const clean = () => {
    const field = input.current!
    const digits = field.value.replace(/\s/g, '')
    if (digits !== field.value) field.value = digits
    if (/\D/.test(digits)) setHint(c.notDigits)
    else if (hint === c.notDigits) setHint('')
  }
  return (
    <div class="field">
      <label for="code">{puk ? t().T16 : t().T10}</label>
      <div class="code-line">
        <input
          ref={input} id="code" class="code" type={type} data-first
          inputMode="numeric" autocomplete="off" autocapitalize="off" spellcheck={false}
          aria-describedby="code-error code-form code-help code-hint" aria-invalid={error ? 'true' : undefined}
          onKeyDown={(e) => { setHint(keyboardHint(e)) }} onInput={clean}
        />
        <button
          type="button" class="eye" aria-pressed={visible} aria-label={visible ? c.hide : c.show}
          aria-controls="code" onClick={() => { setVisible(!visible) }}
        ><Icon name={visible ? 'eye-off' : 'eye'} /></button>
      </div>
      <p class="field-error" id="code-error">{error && <><Icon name="error" /><span>{error}</span></>}</p>
      <p class="quiet" id="code-form">
        {[c.digits(prompt.min ?? 5, prompt.max ?? 8) + '.', triesOf(prompt)].filter(Boolean).join(' ')}
      </p>
      <p class="field-hint" id="code-hint" role="status">{hint}</p>
      <Keypad
        onDigit={(d) => { input.current!.value += d }}
        onErase={() => { input.current!.value = input.current!.value.slice(0, -1) }}
      />
    </div>
  )
}

/** The tries left, where the card told them; else after how many errors the code is blocked, where that is known. */
function triesOf(p: Prompt): string {
  const c = t().prompt
  if (p.tries) return c.tries(p.tries)
  return p.limit && p.kind === 'pin' ? c.limit(p.limit) : ''
}

/** The fault of the code before this one. */
function problem(p: Prompt): string {
  const c = t().prompt
  const wrong = p.kind === 'puk' ? c.wrongPuk : c.wrongPin
  return [p.wrong ? wrong : '', p.malformed ? c.malformed : ''].join(' ').trim()
}

function keyboardHint(e: TargetedKeyboardEvent<HTMLInputElement>): string {
  const c = t().prompt
  if (/^Numpad\d$/.test(e.code) && !e.getModifierState('NumLock')) return c.num
  return e.getModifierState('CapsLock') ? c.caps : ''
}
