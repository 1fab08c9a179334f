// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import { Button } from './button'

/** Where the program is taken from: an address to copy, and a button that opens it. */
export function Source({ page }: { page: string }) {
  return (
    <div>
      <p class="address"><code>{page}</code></p>
      <p class="actions"><Button kind="outline-primary" onClick={() => act('browse')}>{t().update.open}</Button></p>
    </div>
  )
}
