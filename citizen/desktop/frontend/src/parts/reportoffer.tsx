// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { explainCode } from '../failures'
import { t } from '../i18n'
import type { State } from '../generated/state'

/** T18: saves the error report, and says where it is. Where the work can go on, the assistance comes after that. */
export function ReportOffer({ state, again }: { state: State; again?: boolean }) {
  const c = t().failed
  const [before, after] = again ? c.reportIfAgain : c.report
  return (
    <>
      <p>
        {before}
        <button type="button" class="link" id="report" onClick={() => { void act('report') }}>{t().T18}</button>
        {after}
      </p>
      {state.report?.path && <p class="notice-line" role="status">{c.saved(state.report.path)}</p>}
      {state.report?.code && <p class="field-error" role="alert">{explainCode(state.report.code).what}</p>}
    </>
  )
}
