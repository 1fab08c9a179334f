// SPDX-License-Identifier: EUPL-1.2
import { Done } from '../done/done'
import type { State } from '../generated/state'
import { AskCode } from './askcode'
import { AskLastTry } from './asklasttry'
import { AskNewPIN } from './asknewpin'
import { AskSeries } from './askseries'
import { Closing } from './closing'
import { Failed } from './failed'
import { NewPIN } from './newpin'
import { RunningPIN } from './runningpin'
import { Running } from './running'

/** The dialog's content for a state. */
export function Content({ state }: { state: State }) {
  if (state.closing) return <Closing task={state.task} />
  switch (state.screen) {
    case 'running': return state.task === 'renewal' ? <Running progress={state.progress} /> : <RunningPIN />
    case 'failed': return <Failed state={state} />
    case 'done': return <Done done={state.done!} />
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
    default: return <AskCode prompt={prompt} task={state.task} />
  }
}
