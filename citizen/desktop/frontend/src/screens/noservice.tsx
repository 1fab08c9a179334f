// SPDX-License-Identifier: EUPL-1.2
import { explainCode } from '../failures'
import { t } from '../i18n'
import { diagnosisOf } from '../pages/page'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'
import type { State } from '../generated/state'

/** The system's smart-card service does not answer: what to do on this system. */
export function NoService({ state }: { state: State }) {
  const c = t().noService
  return (
    <Panel>
      <Title>{c.title}</Title>
      <p class="lead">{explainCode('no-smartcard-service').what}</p>
      <ol>{c.steps[state.system].map((step) => <li key={step}>{step}</li>)}</ol>
      <p>{c.alone}</p>
      <p class="actions"><a class="btn btn-outline-primary" href={diagnosisOf('smart-cards')}>{c.diagnosis}</a></p>
    </Panel>
  )
}
