// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import type { Prompt } from '../generated/state'
import { Body } from './body'

/** The consent before the last try. Neither button has the focus: a last try is not a default. */
export function AskLastTry({ prompt }: { prompt: Prompt }) {
  const c = t().prompt
  const answer = (yes: string) => act(`answer?prompt=${prompt.id}`, { answer: yes })
  return (
    <Body title={c.lastTitle}>
      <p class="lead">{prompt.puk ? c.lastPuk : c.lastPin}</p>
      <div class="actions two">
        <Button onClick={() => answer('')}>{c.lastNo}</Button>
        <Button kind="outline-primary" onClick={() => answer('yes')}>{c.lastYes}</Button>
      </div>
    </Body>
  )
}
