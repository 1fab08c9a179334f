// SPDX-License-Identifier: EUPL-1.2
import { explainCode } from '../failures'
import { t } from '../i18n'
import { News } from '../parts/news'
import type { State } from '../generated/state'

/** The result of the check for newer versions. */
export function Updates({ state }: { state: State }) {
  const c = t().update
  const u = state.update
  if (!u) return null
  switch (u.state) {
    case 'checking': return <p role="status">{c.checking}</p>
    case 'current': return <p>{c.current}</p>
    case 'off': return <p>{c.off}</p>
    case 'no-key': return <p>{c.noKey}</p>
    case 'failed': return <p>{`${c.unknown} ${explainCode(u.code!, u.text).what}`}</p>
    default: return <News state={state} canHide={false} />
  }
}
