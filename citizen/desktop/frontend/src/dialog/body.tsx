// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'
import { Icon } from '../parts/icon'

interface Props {
  title: string
  mark?: 'ok' | 'error'
  /** The id of the element that is read with the title. */
  describedBy?: string
  children: ComponentChildren
}

/** The dialog's body under its title. */
export function Body({ title, mark, describedBy, children }: Props) {
  return (
    <div class="dialog-body">
      <h2 tabIndex={-1} class={mark ? `outcome outcome-${mark}` : ''} aria-describedby={describedBy}>
        {mark && <Icon name={mark} />}<span>{title}</span>
      </h2>
      {children}
    </div>
  )
}
