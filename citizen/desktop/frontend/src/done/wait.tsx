// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import type { Done } from '../generated/state'
import { SecondsLeft } from './secondsleft'

/** The minute before the card goes back into the reader. */
export function Wait({ done }: { done: Done }) {
  const c = t().done
  return (
    <>
      <SecondsLeft seconds={done.seconds ?? 0} />
      <div class="actions">
        <Button kind="outline-primary" onClick={() => act('skip')}>{c.skip}</Button>
        <Button kind="link" onClick={() => act('extend')}>{c.extend}</Button>
      </div>
    </>
  )
}
