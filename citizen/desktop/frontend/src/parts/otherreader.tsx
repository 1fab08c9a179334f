// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import type { State } from '../generated/state'
import { Button } from './button'

/** The reader in use and the way to another one, where several hold a card. */
export function OtherReader({ state }: { state: State }) {
  if (state.readers.filter((r) => r.present).length < 2) return null
  return (
    <p class="quiet">
      {`${state.reader}. `}<Button kind="link" onClick={() => act('another')}>{t().choose.other}</Button>
    </p>
  )
}
