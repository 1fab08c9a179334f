// SPDX-License-Identifier: EUPL-1.2
import { areaOfCode, explain } from '../failures'
import { t } from '../i18n'
import { diagnosisOf } from '../pages/page'
import type { Failure } from '../generated/state'
import { Source } from './source'

/** Explains a failure: what happened, whether the card is safe, what to do. */
export function Reasons({ failure, page }: { failure: Failure; page?: string | undefined }) {
  const e = explain(failure)
  return (
    <div>
      <p class="lead">{e.what}</p>
      <p>{e.card}</p>
      <p>{e.act}</p>
      {failure.code === 'program-too-old' && page && <Source page={page} />}
      <p class="quiet">
        {`${t().failed.code}: `}<code>{failure.code}</code>{' · '}
        <a class="link" href={diagnosisOf(areaOfCode(failure.code))}>{t().diagnosis.explain}</a>
      </p>
    </div>
  )
}
