// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'

/** What a renewal leaves as it is. */
export function Team() {
  return <p class="quiet">{t().team}</p>
}
