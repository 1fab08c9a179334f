// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'
import { Icon } from '../parts/icon'

/** The dialog's body under its title. */
export function Body({ title, mark, children }: { title: string; mark?: 'ok' | 'error'; children: ComponentChildren }) {
  return (
    <div class="dialog-body">
      <h2 tabIndex={-1} class={mark ? `outcome outcome-${mark}` : ''}>
        {mark && <Icon name={mark} />}<span>{title}</span>
      </h2>
      {children}
    </div>
  )
}
