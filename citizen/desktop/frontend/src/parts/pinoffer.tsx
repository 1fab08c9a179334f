// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import type { Summary as Card } from '../generated/state'
import { Button } from './button'

/** The offer to change the PIN, or to choose a new one with the PUK. */
export function PINOffer({ card, blocked }: { card: Card; blocked?: boolean }) {
  const c = t().pin
  return (
    <section class="pin-offer">
      <h2>{c.offer}</h2>
      {card.canChangePin || card.canUnblockPin
        ? (
          <p class="actions">
            {card.canChangePin && !blocked
              && <Button kind="outline-primary" onClick={() => act('pin-change')}>{c.change}</Button>}
            {card.canUnblockPin && (
              <Button kind={blocked ? 'primary' : 'outline-primary'} onClick={() => act('pin-unblock')}>
                {blocked ? c.unblock : c.forgot}
              </Button>
            )}
          </p>
        )
        : <p>{c.noCommand}</p>}
    </section>
  )
}
