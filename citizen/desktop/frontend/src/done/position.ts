// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import type { Done } from '../generated/state'

/** The index of the step that is to be done now. */
export function position(done: Done): number {
  switch (done.phase) {
    case 'remove': return 0
    case 'wait': return 1
    case 'insert': case 'check': return 2
    case 'entered': return done.login?.accepted ? 4 : 3
    default: return 3
  }
}

/** Whether the card is being read or the login tried. */
export function isBusy(done: Done): boolean { return done.phase === 'check' || done.phase === 'login' }

/** The announcement at the beginning of a phase. */
export function phaseMessage(done: Done): string {
  const c = t().done
  if (done.phase === 'remove') return ''
  return [c.remove, c.wait, c.insert, c.seen, ''][position(done)] ?? ''
}
