// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'

export interface Row { name: string; value: ComponentChildren; class?: string; mark?: 'old' }

interface Props { class?: 'summary' | 'explained'; id?: string; rows: Row[] }

/** Names and values, one pair a row. */
export function Rows({ class: kind = 'summary', id, rows }: Props) {
  return (
    <dl class={kind} id={id}>
      {rows.map((r) => <div key={r.name} class={r.class}><dt>{r.name}</dt><dd class={r.mark}>{r.value}</dd></div>)}
    </dl>
  )
}
