// SPDX-License-Identifier: EUPL-1.2
import { Done } from '../done/done'
import type { Prompt, State } from '../generated/state'
import { AskCode } from './askcode'
import { AskLastTry } from './asklasttry'
import { AskSeries } from './askseries'
import { Closing } from './closing'
import { Failed } from './failed'
import { Running } from './running'

/** The dialog's content for a state. */
export function Content({ state }: { state: State }) {
  if (state.closing) return <Closing />
  switch (state.screen) {
    case 'running': return <Running progress={state.progress} />
    case 'failed': return <Failed state={state} />
    case 'done': return <Done done={state.done!} />
    default: return <Question prompt={state.prompt!} />
  }
}

function Question({ prompt }: { prompt: Prompt }) {
  switch (prompt.kind) {
    case 'series': return <AskSeries prompt={prompt} />
    case 'last-try': return <AskLastTry prompt={prompt} />
    default: return <AskCode prompt={prompt} />
  }
}
