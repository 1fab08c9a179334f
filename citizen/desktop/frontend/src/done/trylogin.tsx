// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import type { Done, Typing } from '../generated/state'
import { Problem } from './problem'

/** Step 15: the trial login. */
export function TryLogin({ done, typing }: { done: Done; typing: Typing | undefined }) {
  const c = t().done
  const canTry = done.canLogin && done.phase !== 'login'
  return (
    <>
      {done.phase === 'seen' && <p class="notice-line">{c.seen}</p>}
      {done.phase === 'login' && <p role="status">{typing ? t().pinpad.now[typing.code] : c.trying}</p>}
      {typing && <p role="timer">{t().pinpad.left(typing.seconds)}</p>}
      <Problem done={done} />
      {done.expired && <p>{c.expired}</p>}
      {canTry && (
        <div class="actions">
          <Button first onClick={() => act('login')}>{done.problem ? c.again : c.tryLogin}</Button>
        </div>
      )}
    </>
  )
}
