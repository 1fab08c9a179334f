// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'

export function Panel({ children }: { children: ComponentChildren }) {
  return <section class="panel">{children}</section>
}
