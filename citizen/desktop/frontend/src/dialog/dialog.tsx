// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { t } from '../i18n'
import { Icon } from '../parts/icon'

interface Props {
  title: string
  /** Changes when other content is shown: the focus then goes to its first element. */
  content: string
  /** Whether the dialog shows its own button to close it. */
  canClose: boolean
  onClose: () => void
  /** Announced to a screen reader. The element stays while the content changes, or it would not be announced. */
  message: string
  children: ComponentChildren
  /** The buttons and notes under the dialog's body. */
  below?: ComponentChildren
}

/** The modal dialog of work on the card, with the focus inside. It is open as long as it is drawn. */
export function Dialog({ title, content, canClose, onClose, message, children, below }: Props) {
  const element = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const dialog = element.current!
    dialog.showModal()
    return () => { dialog.close() }
  }, [])
  useLayoutEffect(() => {
    const dialog = element.current!
    const first = dialog.querySelector<HTMLElement>('[data-first]') ?? dialog.querySelector<HTMLElement>('h2')
    first?.focus()
  }, [content])
  return (
    <dialog ref={element} aria-labelledby="dialog-title" onCancel={(e) => { e.preventDefault(); onClose() }}>
      <div class="dialog-head">
        <p class="dialog-title" id="dialog-title">{title}</p>
        <button type="button" class="close" hidden={!canClose} aria-label={t().prompt.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {children}
      <p class="visually-hidden" role="status">{message}</p>
      {below}
    </dialog>
  )
}
