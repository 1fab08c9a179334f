// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Contact } from '../parts/contact'
import { List } from '../parts/list'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'
import type { State } from '../generated/state'
import { Updates } from './updates'

export function AboutPage({ state }: { state: State }) {
  const c = t().about
  return (
    <Panel>
      <Title>{c.title}</Title>
      <p class="lead">{c.version(state.program)}</p>
      <Updates state={state} />
      <Contact contact={state.contact} />
      <p>{c.text}</p>
      <p>{c.licence}</p>
      <p>{c.fonts}</p>
      <p>{c.independent}</p>
      <h2>{c.privacy}</h2>
      <h3>{c.sentTitle}</h3>
      <List items={c.sent} />
      <h3>{c.neverTitle}</h3>
      <List items={c.never} />
    </Panel>
  )
}
