// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'

/** The program does not answer any more. */
export function Lost() {
  return <Panel><Title>{t().lost.title}</Title><p class="lead">{t().lost.text}</p></Panel>
}
