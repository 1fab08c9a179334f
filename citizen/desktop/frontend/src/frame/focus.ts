// SPDX-License-Identifier: EUPL-1.2
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

/**
 * Moves the focus to the title when the page turns, when the dialog closes, and when the focused element is gone.
 * Elsewhere the focus stays where it is. Returns the title to announce, once it is another one.
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
    if (!dialog && (page !== last.page || last.dialog || gone)) title?.focus()
    if (last.title && last.title !== before.current.title) setMessage(before.current.title)
  })
  return message
}
