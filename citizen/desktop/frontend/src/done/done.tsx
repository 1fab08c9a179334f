// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { day, t } from '../i18n'
import { BrowsersOffer } from '../parts/browsers'
import { Button } from '../parts/button'
import { Body } from '../dialog/body'
import type { Done as State, Typing } from '../generated/state'
import { Insert } from './insert'
import { isBusy, position } from './position'
import { Step } from './step'
import { TryLogin } from './trylogin'
import { Wait } from './wait'

/** T20 and T21, with steps 14 and 15 of the guide. */
export function Done({ done, typing }: { done: State; typing: Typing | undefined }) {
  const c = t().done
  const busy = isBusy(done)
  const at = position(done)
  const steps = [c.remove, c.wait, c.insert, c.login]
  const help = [null, <Wait done={done} />, <Insert done={done} />, <TryLogin done={done} typing={typing} />]
  const login = done.phase === 'entered' && done.login?.accepted ? done.login : undefined
  return (
    <Body title={t().T20} mark="ok" describedBy="done-until">
      <p class="lead" id="done-until">{c.until(day(done.notAfter))}</p>
      {login && (
        <p class="notice-line" role="status">
          {c.entered(login.name, login.codiceFiscaleMasked, day(login.notAfter))}
        </p>
      )}
      <h3>{c.next}</h3>
      <ol class="after">
        {steps.map((text, i) => <Step key={text} text={text} index={i} at={at}>{help[i]}</Step>)}
      </ol>
      <p>{c.browser}</p>
      <BrowsersOffer />
      <p class="quiet">{t().team}</p>
      <div class="actions">
        <Button kind={at === steps.length ? 'primary' : 'outline-primary'} disabled={busy} onClick={() => act('close')}>
          {t().T21}
        </Button>
      </div>
    </Body>
  )
}
