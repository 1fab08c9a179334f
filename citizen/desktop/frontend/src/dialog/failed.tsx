// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { explain, explainCode, mayResume, numberOf } from '../failures'
import { stageName, t } from '../i18n'
import { Button } from '../parts/button'
import { Contact } from '../parts/contact'
import { Rows } from '../parts/rows'
import type { State } from '../generated/state'
import { Body } from './body'
import { ReportContents } from './reportcontents'

/** T17 and T18: what happened, the card, what to do, and the error report. */
export function Failed({ state }: { state: State }) {
  const c = t().failed
  const failure = state.failure!
  const e = explain(failure)
  const again = mayResume(failure.code)
  const number = numberOf(failure.code)
  const details = [...number ? [String(number)] : [], ...failure.step ? [`${c.step}: ${stageName(failure.step)}`] : []]
  return (
    <Body title={t().T17} mark="error" describedBy="failed-explained">
      <Rows class="explained" id="failed-explained" rows={[
        { name: c.what, value: e.what },
        { name: c.card, value: e.card },
        { name: c.act, value: e.act },
        {
          name: c.code,
          value: <><code>{failure.code}</code>{details.length > 0 && ` (${details.join(', ')})`}</>,
        },
      ]} />
      <p>
        {c.report[0]}
        <button type="button" class="link" id="report" onClick={() => { void act('report') }}>{t().T18}</button>
        {c.report[1]}
      </p>
      {state.report?.path && <p class="notice-line" role="status">{c.saved(state.report.path)}</p>}
      {state.report?.code && <p class="field-error" role="alert">{explainCode(state.report.code).what}</p>}
      <Contact contact={state.contact} />
      {state.contents && <ReportContents contents={state.contents} />}
      {again
        ? (
          <div class="actions two">
            <Button kind="outline-primary" onClick={() => act('close')}>{t().T21}</Button>
            <Button onClick={() => act('resume')}>{c.resume}</Button>
          </div>
        )
        : <div class="actions"><Button onClick={() => act('close')}>{t().T21}</Button></div>}
    </Body>
  )
}
