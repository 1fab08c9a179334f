// SPDX-License-Identifier: EUPL-1.2
import { act } from '../api'
import { explainCode } from '../failures'
import { t } from '../i18n'
import { Button } from '../parts/button'
import { Notice } from '../parts/notice'
import type { Prompt, Task } from '../generated/state'
import { Body } from './body'
import { problem, triesOf } from './codefield'

interface Props { prompt: Prompt; task: Task | undefined; onKeyboard: () => void }

/** The question for a code at a reader with a keypad of its own: there, or at the computer. */
export function AskAtReader({ prompt, task, onKeyboard }: Props) {
  const c = t()
  const pad = prompt.pinpad!
  const failed = pad.failed ? explainCode(pad.failed).what : ''
  const fault = [failed, problem(prompt)].filter(Boolean).join(' ')
  const left = triesOf(prompt)
  const puk = prompt.kind === 'puk'
  return (
    <Body title={c.pinpad.title} describedBy="reader-asks">
      {fault && <Notice kind="warning"><p>{fault}</p></Notice>}
      <p class="lead" id="reader-asks">{asks(prompt, task)}</p>
      {left && <p>{left}</p>}
      {prompt.newPinSent && <Notice kind="warning"><p>{c.pin.sent}</p></Notice>}
      {puk && <Notice kind="warning"><p>{task === 'renewal' ? c.prompt.puk : c.pin.pukHelp}</p></Notice>}
      <p>{task === 'renewal' ? c.pinpad.hidden : c.pinpad.rules}</p>
      <p><Button kind="link" onClick={onKeyboard}>{c.pinpad.keyboard}</Button></p>
      <div class="actions two">
        <Button kind="outline-primary" onClick={() => act(`back?prompt=${prompt.id}`)}>{c.T11}</Button>
        <Button first onClick={() => act(`at-reader?prompt=${prompt.id}`)}>{c.pinpad.start}</Button>
      </div>
    </Body>
  )
}

function asks(prompt: Prompt, task: Task | undefined): string {
  const c = t().pinpad
  if (task === 'pin-change') return c.change
  if (task === 'pin-unblock') return c.unblock
  return c.times(prompt.pinpad!.puks ?? 0, prompt.pinpad!.pins ?? 1)
}
