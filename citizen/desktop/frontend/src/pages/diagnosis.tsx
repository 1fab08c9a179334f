// SPDX-License-Identifier: EUPL-1.2
import { useEffect, useState } from 'preact/hooks'
import { diagnosis } from '../api'
import { t } from '../i18n'
import { BrowsersSection } from '../parts/browsers'
import { Button } from '../parts/button'
import { FindingItem } from '../parts/finding'
import { KeepDiagnosis } from '../parts/keepdiagnosis'
import { Panel } from '../parts/panel'
import { Rows } from '../parts/rows'
import { Title } from '../parts/title'
import type { Diagnosis, Explained, State } from '../generated/state'
import { areaOf } from './page'

export function DiagnosisPage({ system }: { system: State['system'] }) {
  const c = t().diagnosis
  const [answer, setAnswer] = useState<Diagnosis | 'lost'>()
  const load = () => diagnosis().then(setAnswer, () => { setAnswer('lost') })
  useEffect(() => { void load() }, [])
  const known = typeof answer === 'object'
  useEffect(() => { if (known) toFinding() }, [known]) // once, not after every check
  return (
    <Panel>
      <Title>{c.title}</Title>
      <p>{c.intro}</p>
      <div role="status">
        {answer === undefined && <p>{c.wait}</p>}
        {answer === 'lost' && <p>{t().lost.text}</p>}
      </div>
      {known && (
        <ul class="findings" role="list">
          {answer.findings.map((f, i) => (
            <FindingItem key={i} finding={f} system={system} id={anchor(answer.findings, i)} onDone={load} />
          ))}
        </ul>
      )}
      <p class="actions"><Button kind="outline-primary" onClick={load}>{c.refresh}</Button></p>
      {known && <Rows rows={facts(answer)} />}
      {known && <KeepDiagnosis diagnosis={answer} />}
      {known && answer.browsers && <BrowsersSection found={answer.browsers} Heading="h2" />}
    </Panel>
  )
}

/** The name in the page of an area's finding: of several cards, the first that something is wrong with. */
function anchor(all: Explained[], i: number): string | undefined {
  const { area } = all[i]!
  const same = all.filter((f) => f.area === area)
  const first = same.find((f) => f.level === 'bad') ?? same.find((f) => f.level === 'warning') ?? same[0]
  return all[i] === first ? `finding-${area}` : undefined
}

/** Leads to the finding that the address names. */
function toFinding() {
  const at = document.getElementById(`finding-${areaOf(location.hash)}`)
  at?.scrollIntoView({ block: 'center' })
  at?.focus({ preventScroll: true })
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
