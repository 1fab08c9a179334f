// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import type { State } from '../generated/state'
import { Button } from './button'
import { Icon } from './icon'

/** The notice of a newer version. Where it can be hidden, it stays away once it was. */
export function News({ state, canHide }: { state: State; canHide: boolean }) {
  const c = t().update
  const u = state.update
  if (!u || (canHide && u.hidden) || (u.state !== 'newer' && u.state !== 'unsupported')) return null
  return (
    <section class="notice notice-info news" aria-labelledby="news">
      <Icon name="info" />
      <div>
        <h2 id="news">{c.newer(u.version!)}</h2>
        <p>{u.state === 'unsupported' ? c.unsupported(state.program) : c.using(state.program)} {c.self}</p>
        {state.page && <p class="address"><code>{state.page}</code></p>}
        <p class="actions">
          {state.page && <Button kind="outline-primary" onClick={() => act('browse')}>{c.open}</Button>}
          {canHide && <Button kind="link" onClick={() => act('update-hide')}>{c.hide}</Button>}
        </p>
      </div>
    </section>
  )
}
