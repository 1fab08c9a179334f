// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { explainCode } from '../failures'
import { t } from '../i18n'
import type { State } from '../generated/state'

/** T18: saves the error report, and says where it is. */
export function ReportOffer({ state }: { state: State }) {
  const c = t().failed
  return (
    <>
      <p>
        {c.report[0]}
        <button type="button" class="link" id="report" onClick={() => { void act('report') }}>{t().T18}</button>
        {c.report[1]}
      </p>
      {state.report?.path && <p class="notice-line" role="status">{c.saved(state.report.path)}</p>}
      {state.report?.code && <p class="field-error" role="alert">{explainCode(state.report.code).what}</p>}
    </>
  )
}
