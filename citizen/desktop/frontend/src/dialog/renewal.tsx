// SPDX-License-Identifier: EUPL-1.2
import type { ComponentChildren } from 'preact'
import { act } from '../api'
import { isBusy, phaseMessage } from '../done/position'
import { t } from '../i18n'
import type { State } from '../generated/state'
import { Content } from './content'
import { Dialog } from './dialog'
import { stage } from './running'

/** Whether the state asks for the dialog of work on the card. */
export function inDialog(s: State): boolean {
  return ['prompt', 'running', 'failed', 'done', 'new-pin'].includes(s.screen)
}

/** The dialog "Rinnovo certificato" from the PIN to the end, and that of the PIN. */
export function Renewal({ state, below }: { state: State; below?: ComponentChildren }) {
  const key = contentKey(state)
  return (
    <Dialog
      title={state.task === 'renewal' ? t().T7 : t().pin.title} content={key}
      canClose={state.screen !== 'running' && !state.closing} onClose={() => { leave(state) }}
      message={message(state)} below={below}
    >
      <Content key={key} state={state} />
    </Dialog>
  )
}

/** Changes when other content is shown; not when only a bar or a clock moves. */
function contentKey(s: State): string {
  if (s.closing) return 'closing'
  switch (s.screen) {
    case 'prompt': return `prompt ${s.prompt!.id}`
    case 'running': return s.typing ? `typing ${s.typing.code}` : 'running'
    case 'failed': return `failed ${s.failure!.code}`
    case 'done': return `done ${s.done!.phase} ${JSON.stringify(s.done!.problem)} ${s.done!.expired ?? ''}`
    default: return s.screen
  }
}

function message(s: State): string {
  if (s.closing) return (s.task === 'renewal' ? t().closing : t().pin.closing).text
  if (s.screen === 'running' && s.typing) return `${t().pinpad.now[s.typing.code]}. ${t().pinpad.confirm}`
  if (s.screen === 'running' && s.task !== 'renewal') return t().pin.running
  if (s.screen === 'running') return s.progress ? stage(s.progress) : ''
  return s.screen === 'done' ? phaseMessage(s.done!) : ''
}

/** What Escape and the cross do: the harmless answer, or nothing. */
function leave(s: State): void {
  if (s.closing) return void act('stay')
  switch (s.screen) {
    case 'prompt': {
      const { id, kind } = s.prompt!
      return void (kind === 'last-try' ? act(`answer?prompt=${id}`, { answer: '' }) : act(`back?prompt=${id}`))
    }
    case 'failed':
    case 'new-pin': return void act('close')
    case 'done': return void (isBusy(s.done!) || act('close'))
    default: // what runs is not left
  }
}
