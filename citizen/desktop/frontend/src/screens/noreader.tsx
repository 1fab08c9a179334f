// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { diagnosisOf } from '../pages/page'
import { Panel } from '../parts/panel'
import { ReaderDrawing } from '../parts/reader'
import { Title } from '../parts/title'

export function NoReader() {
  const c = t().noReader
  return (
    <Panel>
      <ReaderDrawing card={false} />
      <Title>{c.title}</Title>
      <p class="lead">{c.text}</p>
      <p class="quiet">{c.hint}</p>
      <p class="actions">
        <a class="btn btn-outline-primary" href={diagnosisOf('readers')}>{t().noService.diagnosis}</a>
      </p>
    </Panel>
  )
}
