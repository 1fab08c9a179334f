// SPDX-License-Identifier: EUPL-1.2
import { useEffect, useState } from 'preact/hooks'
import { diagnosis } from '../api'
import { explainCode } from '../failures'
import { t } from '../i18n'
import { BrowsersSection } from '../parts/browsers'
import { Button } from '../parts/button'
import { Panel } from '../parts/panel'
import { Rows, type Row } from '../parts/rows'
import { Title } from '../parts/title'
import type { Diagnosis, Reader, State } from '../generated/state'

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
        {typeof answer === 'object' && <Rows rows={rows(answer, system)} />}
      </div>
      {typeof answer === 'object' && answer.browsers && <BrowsersSection found={answer.browsers} Heading="h2" />}
      <p class="actions"><Button kind="outline-primary" onClick={load}>{c.refresh}</Button></p>
    </Panel>
  )
}

function rows(d: Diagnosis, system: State['system']): Row[] {
  const c = t().diagnosis
  return [
    { name: c.program, value: d.program },
    { name: c.system, value: d.system },
    { name: c.smartCard, value: d.smartCard ? c.ok : `${c.ko}. ${t().noService.steps[system].join(' ')}` },
    { name: c.readers, value: d.readers.map(reader).join('; ') || c.none },
    { name: c.card, value: d.card ? `${d.card.model} (${d.card.series.join(', ')}), ${d.card.id}` : c.noCard },
    { name: c.service, value: `${d.service || c.none}: ${d.answer ? explainCode(d.answer).what : c.ok}` },
    { name: c.clock, value: d.clock },
  ]
}

function reader(r: Reader): string {
  const c = t().diagnosis
  return `${r.name}: ${r.mute ? c.mute : r.present ? c.inserted : c.empty}`
}
