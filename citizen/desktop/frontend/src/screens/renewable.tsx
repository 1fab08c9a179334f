// SPDX-License-Identifier: EUPL-1.2
import { useRef, useState } from 'preact/hooks'
import { act } from '../api'
import { day, t } from '../i18n'
import { Button } from '../parts/button'
import { Notice } from '../parts/notice'
import { OtherReader } from '../parts/otherreader'
import { Panel } from '../parts/panel'
import { PINOffer } from '../parts/pinoffer'
import { Rows, type Row } from '../parts/rows'
import { Team } from '../parts/team'
import { Title } from '../parts/title'
import type { Summary as Card, State } from '../generated/state'
import { ChooseCampaign } from './choosecampaign'
import { ChooseSigla, Sigla } from './choosesigla'

/** The card can be renewed: what it is, what comes of it, and T6. */
export function Renewable({ state }: { state: State }) {
  const c = t().card
  const card = state.card!
  const [sigla, setSigla] = useState(card.series.length === 1 ? card.series[0]! : '')
  const [campaign, setCampaign] = useState('')
  const [missing, setMissing] = useState(false)
  const campaigns = useRef<HTMLFieldSetElement>(null)
  const renew = () => {
    if (card.campaigns && !campaign) {
      setMissing(true)
      campaigns.current?.querySelector('input')?.focus()
      return
    }
    void act('renew', { series: sigla, campaign })
  }
  return (
    <Panel>
      <Title>{c.title}</Title>
      {card.begun
        ? <Notice kind="warning"><h2>{c.begun}</h2><p>{c.begunText}</p></Notice>
        : <p class="lead">{c.renewable}</p>}
      <Rows rows={facts(card)} />
      {card.campaigns && (
        <ChooseCampaign
          fieldset={campaigns} campaigns={card.campaigns} missing={missing}
          onChoose={(id) => { setCampaign(id); setMissing(false) }}
        />
      )}
      {card.asksSeries && <ChooseSigla series={card.series} sigla={sigla} onChoose={setSigla} />}
      <p>{card.needsPuk ? c.timePuk : c.time}</p>
      <p class="actions"><Button id="renew" large onClick={renew}>{card.begun ? c.resume : t().T6}</Button></p>
      {!card.asksSeries && <Sigla series={card.series} />}
      <PINOffer card={card} />
      <Team />
      <OtherReader state={state} />
    </Panel>
  )
}

function facts(card: Card): Row[] {
  const c = t().card
  const until = (notAfter?: string) => notAfter ? c.until(day(notAfter)) : c.nextYear
  const rows: Row[] = [{ name: c.holder, value: card.holder }, { name: c.id, value: card.id }]
  const current = card.certificates?.[0]
  if (current?.expired) rows.push({ name: c.certificate, value: c.ended(day(current.notAfter)), mark: 'old' })
  else if (current) rows.push({ name: c.certificate, value: c.until(day(current.notAfter)) })
  if (!card.campaigns) rows.push({ name: c.next, value: until(card.newNotAfter), class: 'new' })
  return rows
}
