// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Panel } from '../parts/panel'
import { ReaderDrawing } from '../parts/reader'
import { Title } from '../parts/title'
import type { State } from '../generated/state'

export function NoCard({ state }: { state: State }) {
  const c = t().noCard
  return (
    <Panel>
      <ReaderDrawing card />
      <Title>{c.title}</Title>
      <p class="lead">{c.text}</p>
      <p class="quiet">{`${c.readers}: ${state.readers.map((r) => r.name).join(', ')}`}</p>
    </Panel>
  )
}
