// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Panel } from '../parts/panel'
import { Spinner } from '../parts/spinner'
import { Title } from '../parts/title'

export function Starting() {
  return (
    <Panel>
      <Title>{t().starting.title}</Title>
      <p>{t().starting.text}</p>
      <Spinner />
    </Panel>
  )
}
