// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'
import { Icon } from './icon'

export function Notice({ kind, children }: { kind: 'warning' | 'info' | 'ok'; children: ComponentChildren }) {
  return <div class={`notice notice-${kind}`}><Icon name={kind} /><div>{children}</div></div>
}
