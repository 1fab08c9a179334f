// SPDX-License-Identifier: EUPL-1.2
import type { RefObject, TargetedKeyboardEvent } from 'preact'
import { useImperativeHandle, useRef, useState } from 'preact/hooks'
import { explainCode } from '../failures'
import { t } from '../i18n'
import { Icon } from '../parts/icon'
import type { Prompt } from '../generated/state'
import { Keypad } from './keypad'

export interface Entry {
  /** Returns the code and empties the field, once. Of an empty field it tells the person, and returns ''. */
  take: () => string
  /** Empties the field, tells the person the reason, and takes the focus. */
  refuse: (reason: string) => void
}

interface Props {
  id: string
  label: string
  prompt: Prompt
  entry: RefObject<Entry | null>
  /** Takes the focus when its dialog opens, and shows the fault of the code before. */
  first?: boolean
  describedBy: string
}

/**
 * The field for a PIN or PUK, masked, with its helps. The code stays in the element: no component keeps it, and it
 * leaves the page once.
 */
export function CodeField({ id, label, prompt, entry, first, describedBy }: Props) {
  const c = t().prompt
  const input = useRef<HTMLInputElement>(null)
  const sent = useRef(false)
  const [visible, setVisible] = useState(false)
  const type = (visible ? 'text' : 'password') as 'password' // Preact's types take one literal, not a choice of two
  const [hint, setHint] = useState('')
  const [error, setError] = useState(first ? problem(prompt) : '')

  useImperativeHandle(entry, () => ({
    take: () => {
      const field = input.current!
      const code = field.value
      if (sent.current) return ''
      if (code === '') {
        setError(c.empty)
        field.focus()
        return ''
      }
      sent.current = true
      field.value = ''
      return code
    },
    refuse: (reason) => {
      sent.current = false
      input.current!.value = ''
      setError(reason)
      input.current!.focus()
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
      <label for={id}>{label}</label>
      <div class="code-line">
        <input
          ref={input} id={id} class="code" type={type} data-first={first || undefined}
          inputMode="numeric" autocomplete="off" autocapitalize="off" spellcheck={false}
          aria-describedby={`${id}-error ${id}-form ${describedBy} ${id}-hint`}
          aria-invalid={error ? 'true' : undefined}
          onKeyDown={(e) => { setHint(keyboardHint(e)) }} onInput={clean}
        />
        <button
          type="button" class="eye" aria-pressed={visible} aria-label={visible ? c.hide : c.show}
          aria-controls={id} onClick={() => { setVisible(!visible) }}
        ><Icon name={visible ? 'eye-off' : 'eye'} /></button>
      </div>
      <p class="field-error" id={`${id}-error`}>{error && <><Icon name="error" /><span>{error}</span></>}</p>
      <p class="quiet" id={`${id}-form`}>
        {[c.digits(prompt.min ?? 5, prompt.max ?? 8) + '.', triesOf(prompt)].filter(Boolean).join(' ')}
      </p>
      <p class="field-hint" id={`${id}-hint`} role="status">{hint}</p>
      <Keypad
        id={`${id}-keypad`}
        onDigit={(d) => { input.current!.value += d }}
        onErase={() => { input.current!.value = input.current!.value.slice(0, -1) }}
      />
    </div>
  )
}

/** The tries left, where the card told them; else after how many errors the code is blocked, where that is known. */
export function triesOf(p: Prompt): string {
  const c = t().prompt
  if (p.tries) return c.tries(p.tries)
  return p.limit && p.kind === 'pin' ? c.limit(p.limit) : ''
}

/** The fault of the code before this one. */
export function problem(p: Prompt): string {
  const c = t().prompt
  const wrong = p.kind === 'puk' ? c.wrongPuk : c.wrongPin
  const weak = p.weakness ? explainCode(p.weakness).what : ''
  return [p.wrong ? wrong : '', p.malformed ? c.malformed : '', weak].join(' ').trim()
}

function keyboardHint(e: TargetedKeyboardEvent<HTMLInputElement>): string {
  const c = t().prompt
  if (/^Numpad\d$/.test(e.code) && !e.getModifierState('NumLock')) return c.num
  return e.getModifierState('CapsLock') ? c.caps : ''
}
