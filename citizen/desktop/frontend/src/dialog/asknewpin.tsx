// SPDX-License-Identifier: EUPL-1.2
import { useRef } from 'preact/hooks'
import { act, giveCode } from '../api'
import { t } from '../i18n'
import { Button } from '../parts/button'
import type { Prompt } from '../generated/state'
import { Body } from './body'
import { CodeField, type Entry } from './codefield'

/** The question for a new PIN, typed twice. It leaves the page only when both are the same. */
export function AskNewPIN({ prompt }: { prompt: Prompt }) {
  const c = t()
  const once = useRef<Entry>(null)
  const twice = useRef<Entry>(null)
  const send = () => {
    const pin = once.current!.take()
    if (!pin) return
    const repeated = twice.current!.take()
    if (repeated === pin) {
      void giveCode(prompt.id, pin)
      return
    }
    if (repeated) twice.current!.refuse('')
    once.current!.refuse(c.pin.differ)
  }
  return (
    <Body title={c.pin.newLead}>
      <p class="lead" id="new-help">{c.pin.newHelp}</p>
      <form noValidate onSubmit={(e) => { e.preventDefault(); send() }}>
        <CodeField id="new-pin" label={c.pin.newLabel} prompt={prompt} entry={once} first describedBy="new-help" />
        <CodeField id="new-pin-again" label={c.pin.repeatLabel} prompt={prompt} entry={twice} describedBy="new-help" />
        <div class="actions two">
          <Button kind="outline-primary" onClick={() => act(`back?prompt=${prompt.id}`)}>{c.T11}</Button>
          <button type="submit" class="btn btn-primary">{c.T12}</button>
        </div>
      </form>
    </Body>
  )
}
