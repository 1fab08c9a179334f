// SPDX-License-Identifier: EUPL-1.2
import { explainCode } from '../failures'
import { t } from '../i18n'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'

export function NoService() {
  const e = explainCode('no-smartcard-service')
  return (
    <Panel>
      <Title>{t().noService.title}</Title>
      <p>{e.what}</p>
      <p>{e.act}</p>
    </Panel>
  )
}
