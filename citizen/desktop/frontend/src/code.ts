// SPDX-License-Identifier: EUPL-1.2
import { h, icon } from './dom'
import { t } from './i18n'
import { giveCode, type Prompt } from './state'

/** Whether the on-screen keypad is open: the same for the PUK as for the PIN before it. */
let keypadOpen = false

/** The field for a PIN or PUK, masked, with its helps. What is typed leaves it once and is not kept. */
export function codeField(p: Prompt): { element: HTMLElement; send: () => void } {
  const c = t().prompt, puk = p.kind === 'puk'
  const input = h('input', {
    id: 'code', class: 'code', type: 'password', inputmode: 'numeric', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', 'data-first': true,
    'aria-describedby': 'code-error code-form code-hint', 'aria-invalid': p.wrong || p.malformed ? 'true' : undefined,
  })
  const error = h('p', { class: 'field-error', id: 'code-error' })
  const hint = h('p', { class: 'field-hint', id: 'code-hint', role: 'status' })
  const say = (text: string) => {
    error.replaceChildren(...(text ? [icon('error'), h('span', {}, text)] : []))
    input.toggleAttribute('aria-invalid', false)
    if (text) input.setAttribute('aria-invalid', 'true')
  }
  say([p.wrong ? (puk ? c.wrongPuk : c.wrongPin) : '', p.malformed ? c.malformed : ''].join(' ').trim())

  const eye = h('button', { type: 'button', class: 'eye', 'aria-pressed': 'false', 'aria-label': c.show, 'aria-controls': 'code', onclick: () => {
    const visible = input.type === 'password'
    input.type = visible ? 'text' : 'password'
    eye.setAttribute('aria-pressed', String(visible))
    eye.setAttribute('aria-label', visible ? c.hide : c.show)
    eye.replaceChildren(icon(visible ? 'eye-off' : 'eye'))
  } }, icon('eye'))

  input.addEventListener('keydown', (e) => {
    const off = e.code.startsWith('Numpad') && /^Numpad\d$/.test(e.code) && !e.getModifierState('NumLock')
    hint.textContent = off ? c.num : e.getModifierState('CapsLock') ? c.caps : ''
  })
  input.addEventListener('input', () => {
    const clean = input.value.replace(/\s/g, '')
    if (clean !== input.value) input.value = clean
    if (/\D/.test(clean)) hint.textContent = c.notDigits
    else if (hint.textContent === c.notDigits) hint.textContent = ''
  })

  let sent = false
  const send = () => {
    if (sent) return
    if (input.value === '') {
      say(c.empty)
      input.focus()
      return
    }
    sent = true
    const value = input.value
    input.value = ''
    void giveCode(p.id, value)
  }

  const key = (label: string, name: string, act: () => void, content?: Node) =>
    h('button', { type: 'button', class: 'key', 'aria-label': name, onclick: act }, content ?? label)
  const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0']
  const keys = h('div', { class: 'keypad', id: 'keypad', role: 'group', 'aria-label': c.keypad, hidden: !keypadOpen },
    ...digits.map((d) => key(d, c.digit(d), () => { input.value += d })),
    key('', c.erase, () => { input.value = input.value.slice(0, -1) }, icon('erase')))
  const toggle = h('button', { type: 'button', class: 'btn btn-link keypad-toggle', 'aria-expanded': String(keypadOpen), 'aria-controls': 'keypad', onclick: () => {
    keypadOpen = !keypadOpen
    keys.hidden = !keypadOpen
    toggle.setAttribute('aria-expanded', String(keypadOpen))
  } }, icon('keypad'), c.keypad)

  const element = h('div', { class: 'field' },
    h('label', { for: 'code' }, puk ? t().T16 : t().T10),
    h('div', { class: 'code-line' }, input, eye),
    error,
    h('p', { class: 'quiet', id: 'code-form' }, c.digits(p.min ?? 5, p.max ?? 8), p.tries ? `. ${c.tries(p.tries)}` : ''),
    hint, toggle, keys)
  return { element, send }
}
