// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'

/** The program does not answer any more, or does not know this page. */
export function Lost({ why }: { why: 'silent' | 'refused' }) {
  const c = t().lost
  return <Panel><Title>{c.title}</Title><p class="lead">{why === 'refused' ? c.refused : c.text}</p></Panel>
}
