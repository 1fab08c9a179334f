// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'

/** Says that a renewal leaves TS and TEAM as they are. */
export function Team() {
  return <p class="quiet">{t().team}</p>
}
