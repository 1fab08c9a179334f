// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { CardSummary } from '../parts/cardsummary'
import { Contact } from '../parts/contact'
import { Notice } from '../parts/notice'
import { OtherReader } from '../parts/otherreader'
import { Panel } from '../parts/panel'
import { PINOffer } from '../parts/pinoffer'
import { Reasons } from '../parts/reasons'
import { ReportContents } from '../parts/reportcontents'
import { ReportOffer } from '../parts/reportoffer'
import { Team } from '../parts/team'
import { Title } from '../parts/title'
import type { State } from '../generated/state'

/** T5: there is nothing to renew on this card. */
export function Nothing({ state }: { state: State }) {
  const c = t().nothing
  const card = state.card!
  const failure = state.failure!
  const already = failure.code === 'already-renewed'
  return (
    <Panel>
      <Notice kind={already ? 'ok' : 'info'}>
        <Title>{t().T5(card.id)}</Title>
        <p class="badge-line"><strong>{already ? c.already : c.notRenewable}</strong></p>
        <Reasons failure={failure} page={state.page} />
      </Notice>
      {card.usable && <p>{c.valid}</p>}
      {card.usable && <p>{c.browser}</p>}
      <CardSummary card={card} />
      <PINOffer card={card} />
      <OtherReader state={state} />
      {state.contents && <ReportOffer state={state} />}
      {!already && <Contact contact={state.contact} />}
      {state.contents && <ReportContents contents={state.contents} />}
      <Team />
    </Panel>
  )
}
