// SPDX-License-Identifier: EUPL-1.2
import { day, t } from '../i18n'
import type { Summary as Card } from '../generated/state'
import { Rows } from './rows'

/** The card as its holder recognises it, with its certificates. */
export function CardSummary({ card }: { card: Card }) {
  const c = t().card
  const certificates = (card.certificates ?? []).map((x) => ({
    name: x.renewed ? c.renewed : c.certificate,
    value: x.expired ? c.ended(day(x.notAfter)) : c.until(day(x.notAfter)),
  }))
  return (
    <Rows rows={[
      { name: c.holder, value: card.holder },
      { name: c.id, value: card.id },
      { name: c.series, value: card.series.join(', ') },
      ...certificates,
    ]} />
  )
}
