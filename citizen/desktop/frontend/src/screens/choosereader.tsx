// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'
import type { State } from '../generated/state'

/** Several cards: the person says which one is meant. */
export function ChooseReader({ state }: { state: State }) {
  const c = t().choose
  return (
    <Panel>
      <Title>{c.title}</Title>
      <p>{c.text}</p>
      <ul class="choices" role="list">
        {state.readers.filter((r) => r.present).map(({ name }) => (
          <li key={name}>
            <Button kind="outline-primary" onClick={() => act('choose', { reader: name })}>{c.use(name)}</Button>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
