// SPDX-License-Identifier: EUPL-1.2
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

/**
 * Moves the focus to the title when the page turns, when the dialog closes, and when the focused element is gone.
 * Elsewhere the focus stays where it is. Returns what to announce of another screen.
 */
export function useTitleFocus(main: RefObject<HTMLElement | null>, page: string, dialog: boolean): string {
  const [message, setMessage] = useState('')
  const before = useRef({ page, dialog, title: '' })
  const inside = main.current?.contains(document.activeElement) ?? false // of the page as it was before this drawing
  // eslint-disable-next-line react-hooks/exhaustive-deps -- after every drawing: any of them may remove an element
  useLayoutEffect(() => {
    const title = main.current?.querySelector('h1')
    const last = before.current
    before.current = { page, dialog, title: title?.textContent ?? '' }
    const gone = inside && document.activeElement === document.body
    const focused = !dialog && (page !== last.page || last.dialog || gone)
    if (focused) title?.focus()
    if (last.title && last.title !== before.current.title) setMessage(spoken(main.current, !focused))
  })
  return message
}

/** Returns what is announced of a new screen: its title, unless the focus says it, its lead and its first action. */
function spoken(main: HTMLElement | null, withTitle: boolean): string {
  const parts = withTitle ? ['h1', '.lead', '.btn-primary'] : ['.lead', '.btn-primary']
  const texts = parts.map((part) => main?.querySelector(part)?.textContent ?? '').filter(Boolean)
  return texts.map((text) => text.replace(/\.$/, '')).join('. ')
}
