// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'

/** The program does not answer any more, or does not know this page. */
export function Lost({ why }: { why: 'silent' | 'refused' }) {
  const c = t().lost
  const [title, text] = why === 'refused' ? [c.refusedTitle, c.refused] : [c.title, c.text]
  return <Panel><Title>{title}</Title><p class="lead">{text}</p></Panel>
}
