// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import type { Task } from '../generated/state'
import { Body } from './body'

/** The card has the new PIN. */
export function NewPIN({ task }: { task: Task | undefined }) {
  const c = t().pin
  return (
    <Body title={task === 'pin-unblock' ? c.unblocked : c.changed} mark="ok" describedBy="new-pin-use">
      <p class="lead" id="new-pin-use">{c.use}</p>
      <p>{c.old}</p>
      <div class="actions"><Button onClick={() => act('close')}>{t().T21}</Button></div>
    </Body>
  )
}
