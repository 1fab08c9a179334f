// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import type { Contact as Ways } from '../generated/state'
import { Rows } from './rows'

/** How a person reaches the assistance; nothing where none is known. */
export function Contact({ contact }: { contact: Ways | undefined }) {
  const c = t().contact
  const rows = [
    { name: c.telephone, value: contact?.telephone }, { name: c.mail, value: contact?.mail },
    { name: c.hours, value: contact?.hours }, { name: c.page, value: contact?.page },
  ].filter((r) => r.value)
  if (rows.length === 0) return null
  return (
    <section class="contact" aria-label={c.title}>
      <h2>{c.title}</h2>
      <Rows rows={rows} />
    </section>
  )
}
