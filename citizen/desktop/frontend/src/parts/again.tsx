// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { Button } from './button'

/** The button that has the card read once more. */
export function Again({ children }: { children: string }) {
  return <p class="actions"><Button onClick={() => act('again')}>{children}</Button></p>
}
