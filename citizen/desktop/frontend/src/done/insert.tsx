// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import type { Done } from '../generated/state'
import { Problem } from './problem'

/** The card is put back and read. */
export function Insert({ done }: { done: Done }) {
  return (
    <>
      {done.phase === 'check' && <p role="status">{t().done.checking}</p>}
      <Problem done={done} />
    </>
  )
}
