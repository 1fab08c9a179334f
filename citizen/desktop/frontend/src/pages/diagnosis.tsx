// SPDX-License-Identifier: EUPL-1.2
import { useEffect, useState } from 'preact/hooks'
import { diagnosis } from '../api'
import { t } from '../i18n'
import { BrowsersSection } from '../parts/browsers'
import { Button } from '../parts/button'
import { FindingItem } from '../parts/finding'
import { Panel } from '../parts/panel'
import { Rows } from '../parts/rows'
import { Title } from '../parts/title'
import type { Diagnosis, State } from '../generated/state'

export function DiagnosisPage({ system }: { system: State['system'] }) {
  const c = t().diagnosis
  const [answer, setAnswer] = useState<Diagnosis | 'lost'>()
  const load = () => diagnosis().then(setAnswer, () => { setAnswer('lost') })
  useEffect(() => { void load() }, [])
  return (
    <Panel>
      <Title>{c.title}</Title>
      <p>{c.intro}</p>
      <div role="status">
        {answer === undefined && <p>{c.wait}</p>}
        {answer === 'lost' && <p>{t().lost.text}</p>}
        {typeof answer === 'object' && (
          <ul class="findings" role="list">
            {answer.findings.map((f, i) => <FindingItem key={i} finding={f} system={system} />)}
          </ul>
        )}
      </div>
      {typeof answer === 'object' && <Rows rows={facts(answer)} />}
      {typeof answer === 'object' && answer.browsers && <BrowsersSection found={answer.browsers} Heading="h2" />}
      <p class="actions"><Button kind="outline-primary" onClick={load}>{c.refresh}</Button></p>
    </Panel>
  )
}

function facts(d: Diagnosis) {
  const c = t().diagnosis
  return [
    { name: c.program, value: d.program },
    { name: c.system, value: d.system },
    { name: c.service, value: d.service || c.none },
    { name: c.clock, value: d.clock },
  ]
}
