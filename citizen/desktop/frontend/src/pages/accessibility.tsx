// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { List } from '../parts/list'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'

export function AccessibilityPage() {
  const c = t().accessibility
  return (
    <Panel>
      <Title>{c.title}</Title>
      <p class="lead">{c.text}</p>
      <List items={c.list} />
      <h2>{c.state}</h2>
      <p>{c.stateText}</p>
    </Panel>
  )
}
