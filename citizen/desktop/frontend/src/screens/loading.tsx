// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Again } from '../parts/again'
import { Notice } from '../parts/notice'
import { Panel } from '../parts/panel'
import { Spinner } from '../parts/spinner'
import { Title } from '../parts/title'
import type { State } from '../generated/state'

/** T4, and what helps when it takes longer than it should. */
export function Loading({ state }: { state: State }) {
  const c = t().loading
  const late = state.loading?.late
  return (
    <Panel>
      <Title>{c.title}</Title>
      <p class="lead" role="status">{t().T4}</p>
      <Spinner />
      {late && (
        <Notice kind="warning">
          <h2>{c.late}</h2>
          <p>{state.loading?.waiting === 'card' ? c.card : c.service}</p>
          {state.loading?.waiting === 'card' && <ol type="a">{c.recovery.map((r) => <li key={r}>{r}</li>)}</ol>}
        </Notice>
      )}
      {late && <Again>{t().unreadable.retry}</Again>}
    </Panel>
  )
}
