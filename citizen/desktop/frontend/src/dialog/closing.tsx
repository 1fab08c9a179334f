// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import type { Task } from '../generated/state'
import { Body } from './body'

/** The question before the window closes during work on the card. */
export function Closing({ task }: { task: Task | undefined }) {
  const c = task === 'renewal' ? t().closing : t().pin.closing
  return (
    <Body title={c.title}>
      <p class="lead">{c.text}</p>
      <div class="actions two">
        <Button kind="outline-primary" onClick={() => act('leave')}>{c.leave}</Button>
        <Button first onClick={() => act('stay')}>{c.stay}</Button>
      </div>
    </Body>
  )
}
