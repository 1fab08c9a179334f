// SPDX-License-Identifier: EUPL-1.2
import { useRef } from 'preact/hooks'
import { act } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import { Notice } from '../parts/notice'
import type { Prompt } from '../generated/state'
import { Body } from './body'
import { CodeField, type Sender } from './codefield'

/** T8 to T12, T15 and T16: the question for the PIN or the PUK. */
export function AskCode({ prompt }: { prompt: Prompt }) {
  const c = t()
  const puk = prompt.kind === 'puk'
  const sender = useRef<Sender>(null)
  return (
    <Body title={c.T8}>
      <p class="lead" id="instruction">{puk ? c.T15 : c.T9}</p>
      {puk && (
        <Notice kind="warning">
          <div id="code-help">
            <p>{c.prompt.puk}</p>
            <p>{prompt.repeated ? c.prompt.pukWayRepeated : c.prompt.pukWay}</p>
          </div>
        </Notice>
      )}
      <form noValidate onSubmit={(e) => { e.preventDefault(); sender.current?.send() }}>
        <CodeField prompt={prompt} sender={sender} />
        {!puk && <p class="quiet" id="code-help">{c.prompt.pinHelp}</p>}
        <div class="actions two">
          <Button kind="outline-primary" onClick={() => act(`back?prompt=${prompt.id}`)}>{c.T11}</Button>
          <button type="submit" class="btn btn-primary">{c.T12}</button>
        </div>
      </form>
    </Body>
  )
}
