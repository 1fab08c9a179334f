// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Notice } from '../parts/notice'
import { Body } from './body'

/** The card is read, or gets the new PIN. */
export function RunningPIN() {
  const c = t()
  return (
    <Body title={c.pin.running}>
      <Notice kind="warning">
        <p class="lead">{c.progress.keep}</p>
        <p>{c.pin.safe}</p>
      </Notice>
    </Body>
  )
}
