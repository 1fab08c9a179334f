// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import type { Contact as Ways } from '../generated/state'
import { Rows } from './rows'

/** How a person reaches the assistance, folded: the person can go on without it. */
export function FoldedContact({ contact }: { contact: Ways | undefined }) {
  const rows = ways(contact)
  if (rows.length === 0) return null
  return <details class="contents"><summary>{t().contact.title}</summary><Rows rows={rows} /></details>
}

function ways(contact: Ways | undefined) {
  const c = t().contact
  return [
    { name: c.telephone, value: contact?.telephone }, { name: c.mail, value: contact?.mail },
    { name: c.hours, value: contact?.hours }, { name: c.page, value: contact?.page },
  ].filter((r) => r.value)
}

/** How a person reaches the assistance; nothing where none is known. */
export function Contact({ contact }: { contact: Ways | undefined }) {
  const c = t().contact
  const rows = ways(contact)
  if (rows.length === 0) return null
  return (
    <section class="contact" aria-label={c.title}>
      <h2>{c.title}</h2>
      <Rows rows={rows} />
    </section>
  )
}
