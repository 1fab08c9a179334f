// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'

interface Props {
  kind?: 'primary' | 'outline-primary' | 'link'
  id?: string
  large?: boolean
  disabled?: boolean
  /** The spoken name, where the text is only a sign. */
  label?: string
  /** Takes the focus when its dialog opens. */
  first?: boolean
  onClick: () => unknown
  children: ComponentChildren
}

export function Button({ kind = 'primary', id, large, disabled, label, first, onClick, children }: Props) {
  return (
    <button
      type="button" id={id} class={`btn btn-${kind}${large ? ' btn-lg' : ''}`} disabled={disabled}
      aria-label={label} data-first={first || undefined} onClick={() => { onClick() }}
    >{children}</button>
  )
}
