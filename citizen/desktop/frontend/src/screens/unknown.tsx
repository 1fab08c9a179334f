// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Again } from '../parts/again'
import { CardSummary } from '../parts/cardsummary'
import { Contact } from '../parts/contact'
import { Notice } from '../parts/notice'
import { OtherReader } from '../parts/otherreader'
import { Panel } from '../parts/panel'
import { PINOffer } from '../parts/pinoffer'
import { Reasons } from '../parts/reasons'
import { Team } from '../parts/team'
import { Title } from '../parts/title'
import type { State } from '../generated/state'

/** The card was read; whether it can be renewed is not known. */
export function Unknown({ state }: { state: State }) {
  const c = t().unknown
  const failure = state.failure!
  const blocked = failure.code === 'pin-blocked'
  return (
    <Panel>
      <Notice kind="warning">
        <Title>{failure.code === 'program-too-old' ? c.tooOld : c.blocked[failure.code] ?? c.title}</Title>
        <Reasons failure={failure} page={state.page} />
      </Notice>
      {blocked && <PINOffer card={state.card!} blocked />}
      <CardSummary card={state.card!} />
      <Again>{c.retry}</Again>
      {!blocked && failure.code !== 'puk-blocked' && <PINOffer card={state.card!} />}
      <OtherReader state={state} />
      <Contact contact={state.contact} />
      <Team />
    </Panel>
  )
}
