// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'
import { t } from '../i18n'

interface Props { text: string; index: number; at: number; children: ComponentChildren }

/** One of the steps after a success; the one at hand shows its help. */
export function Step({ text, index, at, children }: Props) {
  const now = index === at
  return (
    <li class={index < at ? 'past' : now ? 'now' : ''} aria-current={now ? 'step' : undefined}>
      <span>{text}{index < at && <span class="visually-hidden">{` ${t().done.completed}`}</span>}</span>
      {now && children}
    </li>
  )
}
