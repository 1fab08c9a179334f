// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { areaOfCode, explain } from '../failures'
import { t } from '../i18n'
import { diagnosisOf } from '../pages/page'
import type { Done } from '../generated/state'

/** Why the last phase did not succeed. */
export function Problem({ done }: { done: Done }) {
  if (!done.problem) return null
  const e = explain(done.problem)
  return (
    <div class="field-error" role="alert">
      <p>{e.what}</p>
      <p>{e.act}</p>
      <p><a class="link" href={diagnosisOf(areaOfCode(done.problem.code))} onClick={() => { void act('close') }}>
        {t().diagnosis.explain}
      </a></p>
    </div>
  )
}
