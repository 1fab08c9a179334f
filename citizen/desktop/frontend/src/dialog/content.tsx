// SPDX-License-Identifier: EUPL-1.2
import { useState } from 'preact/hooks'
import { Done } from '../done/done'
import type { Prompt, State, Task } from '../generated/state'
import { AskAtReader } from './askatreader'
import { AskCode } from './askcode'
import { AskLastTry } from './asklasttry'
import { AskNewPIN } from './asknewpin'
import { AskSeries } from './askseries'
import { AtReader } from './atreader'
import { Closing } from './closing'
import { Failed } from './failed'
import { NewPIN } from './newpin'
import { RunningPIN } from './runningpin'
import { Running } from './running'

/** The dialog's content for a state. */
export function Content({ state }: { state: State }) {
  if (state.closing) return <Closing task={state.task} />
  switch (state.screen) {
    case 'running':
      if (state.typing) return <AtReader typing={state.typing} />
      return state.task === 'renewal' ? <Running progress={state.progress} /> : <RunningPIN />
    case 'failed': return <Failed state={state} />
    case 'done': return <Done done={state.done!} typing={state.typing} />
    case 'new-pin': return <NewPIN task={state.task} />
    default: return <Question state={state} />
  }
}

function Question({ state }: { state: State }) {
  const prompt = state.prompt!
  switch (prompt.kind) {
    case 'series': return <AskSeries prompt={prompt} />
    case 'last-try': return <AskLastTry prompt={prompt} />
    case 'new-pin': return <AskNewPIN prompt={prompt} />
    default: return <AskPINOrPUK prompt={prompt} task={state.task} />
  }
}

/** At a reader with a keypad the person chooses it, or the computer's. */
function AskPINOrPUK({ prompt, task }: { prompt: Prompt; task: Task | undefined }) {
  const [here, setHere] = useState(false)
  return prompt.pinpad?.offered && !here
    ? <AskAtReader prompt={prompt} task={task} onKeyboard={() => { setHere(true) }} />
    : <AskCode prompt={prompt} task={task} />
}
