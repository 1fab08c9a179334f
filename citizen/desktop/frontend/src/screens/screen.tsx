// SPDX-License-Identifier: EUPL-1.2
import type { State } from '../generated/state'
import { ChooseReader } from './choosereader'
import { Loading } from './loading'
import { NoCard } from './nocard'
import { NoReader } from './noreader'
import { NoService } from './noservice'
import { Nothing } from './nothing'
import { Renewable } from './renewable'
import { Setup } from './setup'
import { Starting } from './starting'
import { Unknown } from './unknown'
import { Unreadable } from './unreadable'

/** One screen of the main view, from the state alone. */
export function Screen({ state }: { state: State }) {
  switch (state.screen) {
    case 'setup': return <Setup state={state} />
    case 'starting': return <Starting />
    case 'no-service': return <NoService state={state} />
    case 'no-reader': return <NoReader />
    case 'no-card': return <NoCard state={state} />
    case 'choose': return <ChooseReader state={state} />
    case 'loading': return <Loading state={state} />
    case 'unreadable': return <Unreadable state={state} />
    case 'unknown': return <Unknown state={state} />
    case 'nothing': return <Nothing state={state} />
    // Another card starts with nothing chosen.
    default: return <Renewable key={JSON.stringify([state.reader, state.card])} state={state} />
  }
}
