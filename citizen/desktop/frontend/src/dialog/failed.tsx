// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { areaOfCode, explain, mayResume, numberOf } from '../failures'
import { stageName, t } from '../i18n'
import { diagnosisOf } from '../pages/page'
import { Button } from '../parts/button'
import { Contact, FoldedContact } from '../parts/contact'
import { ReportContents } from '../parts/reportcontents'
import { ReportOffer } from '../parts/reportoffer'
import { Rows } from '../parts/rows'
import type { State } from '../generated/state'
import { Body } from './body'

/** T17 and T18, or that the PIN is as it was: what happened, the card, what to do, and the error report. */
export function Failed({ state }: { state: State }) {
  const c = t().failed
  const failure = state.failure!
  const e = explain(failure)
  const again = mayResume(failure.code)
  const unblock = failure.code === 'pin-blocked' && state.card?.canUnblockPin === true
  const resume = state.task === 'renewal' ? c.resume : t().unreadable.retry
  const number = numberOf(failure.code)
  const details = [...number ? [String(number)] : [], ...failure.step ? [`${c.step}: ${stageName(failure.step)}`] : []]
  return (
    <Body title={title(state)} mark="error" describedBy="failed-explained">
      <Rows class="explained" id="failed-explained" rows={[
        { name: c.what, value: e.what },
        { name: c.card, value: e.card },
        { name: c.act, value: e.act },
        {
          name: c.code,
          value: <><code>{failure.code}</code>{details.length > 0 && ` (${details.join(', ')})`}{' · '}
            <button type="button" class="link" onClick={() => { void toDiagnosis(failure.code) }}>
              {t().diagnosis.explain}
            </button>
          </>,
        },
      ]} />
      <ReportOffer state={state} again={again || unblock} />
      {again || unblock ? <FoldedContact contact={state.contact} /> : <Contact contact={state.contact} />}
      {state.contents && <ReportContents contents={state.contents} />}
      {again || unblock
        ? (
          <div class="actions two">
            <Button kind="outline-primary" onClick={() => act('close')}>{t().T21}</Button>
            {unblock
              ? <Button onClick={() => act('pin-unblock')}>{t().pin.unblock}</Button>
              : <Button onClick={() => act('resume')}>{resume}</Button>}
          </div>
        )
        : <div class="actions"><Button onClick={() => act('close')}>{t().T21}</Button></div>}
    </Body>
  )
}

/** The dialog closes: the diagnosis is a page behind it. */
async function toDiagnosis(code: string) {
  await act('close')
  location.hash = diagnosisOf(areaOfCode(code))
}

function title(s: State): string {
  const c = t().pin
  if (s.failure!.code === 'pin-unknown') return c.unknown
  if (s.task === 'renewal') return t().T17
  return s.task === 'pin-unblock' ? c.unblockFailed : c.changeFailed
}
