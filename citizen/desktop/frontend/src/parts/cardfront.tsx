// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'

/** Figure 10: the front of the card, with the place of the sigla framed. A scheme of our own, without any emblem. */
export function CardFront({ sigla }: { sigla: string }) {
  return (
    <svg class="drawing card-front" viewBox="0 0 320 202" role="img" aria-label={t().figure10}>
      <rect x="1" y="1" width="318" height="200" rx="14" class="d-card" />
      <rect x="1" y="1" width="318" height="34" rx="14" class="d-band" />
      <rect x="28" y="66" width="54" height="44" rx="7" class="d-chip" />
      <path d="M28 81h18M28 96h18M64 81h18M64 96h18M46 66v44M64 66v44" class="d-contacts" />
      <rect x="104" y="60" width="150" height="9" rx="4" class="d-line" />
      <rect x="104" y="82" width="190" height="9" rx="4" class="d-line" />
      <rect x="104" y="104" width="120" height="9" rx="4" class="d-line" />
      <rect x="104" y="126" width="165" height="9" rx="4" class="d-line" />
      <rect x="28" y="160" width="130" height="9" rx="4" class="d-line" />
      <text x="55" y="55" class="d-sigla" text-anchor="middle">{sigla}</text>
      <rect x="14" y="40" width="82" height="21" rx="5" class="d-frame" />
    </svg>
  )
}
