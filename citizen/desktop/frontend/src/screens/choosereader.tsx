// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { day, t } from '../i18n'
import { Button } from '../parts/button'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'
import type { Reader, State } from '../generated/state'

/** Several cards: the person says which one is meant, and knows it by its holder, its number and its end. */
export function ChooseReader({ state }: { state: State }) {
  const c = t().choose
  const label = ({ name, identity }: Reader) => {
    if (identity === undefined) return c.use(name)
    const { holder, id, notAfter } = identity
    return notAfter === undefined ? c.useOf(holder, id) : c.useOfUntil(holder, id, day(notAfter))
  }
  return (
    <Panel>
      <Title>{c.title}</Title>
      <p>{c.text}</p>
      <ul class="choices" role="list">
        {state.readers.map((r) => (
          <li key={r.name}>
            <Button kind="outline-primary" onClick={() => act('choose', { reader: r.name })}>{label(r)}</Button>
            {r.identity !== undefined && <p class="small mt-1">{c.in(r.name)}</p>}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
