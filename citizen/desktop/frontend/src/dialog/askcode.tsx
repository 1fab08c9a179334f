// SPDX-License-Identifier: EUPL-1.2
import { useRef } from 'preact/hooks'
import { act, giveCode } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import { Notice } from '../parts/notice'
import type { Prompt, Task } from '../generated/state'
import { Body } from './body'
import { CodeField, type Entry } from './codefield'

/** T8 to T12, T15 and T16: the question for the PIN or the PUK, in a renewal or before a new PIN. */
export function AskCode({ prompt, task }: { prompt: Prompt; task: Task | undefined }) {
  const c = t()
  const puk = prompt.kind === 'puk'
  const renewal = task === 'renewal'
  const entry = useRef<Entry>(null)
  const send = () => {
    const code = entry.current!.take()
    if (code) void giveCode(prompt.id, code)
  }
  const lead = renewal ? (puk ? c.T15 : c.T9) : puk ? c.pin.pukLead : c.pin.nowLead
  const way = prompt.repeated ? c.prompt.pukWayRepeated : c.prompt.pukWay
  return (
    <Body title={c.T8}>
      <p class="lead" id="instruction">{lead}</p>
      {puk && (
        <Notice kind="warning">
          <div id="code-help">
            <p>{renewal ? c.prompt.puk : c.pin.pukHelp}</p>
            <p>{renewal ? way : c.pin.pukWay}</p>
          </div>
        </Notice>
      )}
      {prompt.pinpad?.unable && <Notice kind="warning"><p>{c.pinpad.unable}</p></Notice>}
      {prompt.newPinSent && <Notice kind="warning"><p id="code-sent">{c.pin.sent}</p></Notice>}
      <form noValidate onSubmit={(e) => { e.preventDefault(); send() }}>
        <CodeField
          id="code" label={puk ? c.T16 : c.T10} prompt={prompt} entry={entry} first
          describedBy={prompt.newPinSent ? 'code-sent code-help' : 'code-help'}
        />
        {!puk && <p class="quiet" id="code-help">{c.prompt.pinHelp}</p>}
        <div class="actions two">
          <Button kind="outline-primary" onClick={() => act(`back?prompt=${prompt.id}`)}>{c.T11}</Button>
          <button type="submit" class="btn btn-primary">{c.T12}</button>
        </div>
      </form>
    </Body>
  )
}
